-- Takes a reaction of a member back, or all; who has given nothing else is a member no more.
-- KEYS[1] members
-- KEYS[2] given
-- KEYS[3] counts
-- KEYS[4] touched
-- KEYS[5] liked: the list of the user
-- KEYS[6..] what is trending in each window
-- ARGV[1] user
-- ARGV[2] subject
-- ARGV[3] 1 if this may have run before, and its reply was lost
-- ARGV[4] milliseconds in which it may be sent again
-- ARGV[5] reaction, or empty for all that was given
-- ARGV[6] what most give: the first reaction, or 1
-- ARGV[7] number of windows
-- ARGV[8..] half-life of each in microseconds; names to count by
-- => the tally, in which the user is gone if the same call may just have taken them out; or `touched` if it may have
-- run, and the user has done something else since
local names = { unpack(ARGV, 8 + ARGV[7]) }
local found, at, before, left = 'here', redis.call('ZSCORE', KEYS[1], ARGV[1]), nil, nil
local estimated = redis.call('HEXISTS', KEYS[3], ':estimate') == 1
if at and not estimated then -- nobody can be taken out of an estimate, so none of its subject
  before = redis.call('HGET', KEYS[2], ARGV[1]) or ''
  left = take(ARGV[6], before, ARGV[5])
end
if before ~= left then
  if ARGV[3] == '1' and redis.call('EXISTS', KEYS[4]) == 1 then return redis.status_reply('touched') end
  redis.pcall('SET', KEYS[4], 1, 'PX', ARGV[4]) -- a full Redis must still forget
  if not left then
    redis.call('ZREM', KEYS[1], ARGV[1])
    redis.call('ZREM', KEYS[5], ARGV[2])
    for window = 1, tonumber(ARGV[7]) do untrend(KEYS[5 + window], ARGV[7 + window], ARGV[2], at) end
    at = false
  end
  replace(KEYS[2], KEYS[3], ARGV[1], before, left or '')
  if redis.call('EXISTS', KEYS[1]) == 0 and redis.call('HEXISTS', KEYS[3], ':partitions') == 0 then
    redis.call('UNLINK', KEYS[3])
  end
elseif ARGV[3] == '1' and redis.call('EXISTS', KEYS[4]) == 1 then
  found = 'gone'
end
return tally(KEYS[1], KEYS[2], KEYS[3], ARGV[1], found, at, names)
