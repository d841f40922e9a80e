-- Counts a user in a subject of which nobody need know who they are: exactly up to a size, then by HyperLogLog, into
-- which its members go a few at a time. Each is in one of both, so that the sum is right all the while.
-- KEYS[1] members
-- KEYS[2] estimate
-- KEYS[3] counts
-- KEYS[4] touched
-- KEYS[5..] what is trending in each window
-- ARGV[1] user
-- ARGV[2] subject
-- ARGV[3] 1 if this may have run before, and its reply was lost
-- ARGV[4] number of members from which on they are estimated; 0 for always
-- ARGV[5] how many members to let go at once
-- ARGV[6] number of windows
-- ARGV[7..] half-life of each in microseconds
-- => the tally, or `touched` if it may have run, and the user has done something else since
local at, estimated = redis.call('ZSCORE', KEYS[1], ARGV[1]), redis.call('HGET', KEYS[3], ':estimate')
if not at then
  if ARGV[3] == '1' and redis.call('EXISTS', KEYS[4]) == 1 then return redis.status_reply('touched') end
  local is_full = not estimated and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[4])
  if is_full then estimated = redis.call('PFCOUNT', KEYS[2]) end
end
local time, weight = now(), 0
if not estimated then
  weight = redis.call('ZADD', KEYS[1], 'NX', time, ARGV[1])
  at = at or time
else
  -- Ever fewer new users change the estimate, and it grows by ever more: by so much as they are, on average.
  if not at and redis.call('PFADD', KEYS[2], ARGV[1]) == 1 then
    local before = estimated
    estimated = redis.call('PFCOUNT', KEYS[2])
    weight = estimated - before
  end
  local oldest = redis.call('ZPOPMIN', KEYS[1], ARGV[5])
  for index = 1, #oldest, 2 do redis.call('PFADD', KEYS[2], oldest[index]) end
  if #oldest > 0 then estimated = redis.call('PFCOUNT', KEYS[2]) end
  redis.call('HSET', KEYS[3], ':estimate', estimated)
end
if weight > 0 then
  for window = 1, tonumber(ARGV[6]) do trend(KEYS[4 + window], ARGV[6 + window], ARGV[2], time, weight) end
end
return tally(KEYS[1], KEYS[3], KEYS[3], ARGV[1], 'here', at, {})
