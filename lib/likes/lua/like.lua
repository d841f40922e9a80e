-- Makes a user a member of a partition, or changes what a member gave.
-- KEYS[1] members
-- KEYS[2] given
-- KEYS[3] counts
-- KEYS[4] touched
-- KEYS[5..] what is trending in each window
-- ARGV[1] user
-- ARGV[2] subject
-- ARGV[3] reaction or number of claps; empty for what was given before, or what most give
-- ARGV[4] one | several | claps
-- ARGV[5] what most give: the first reaction, or 1
-- ARGV[6] number of members from which on users go to other partitions, or 0
-- ARGV[7] number of these
-- ARGV[8] 1 if this may have run before, and its reply was lost
-- ARGV[9] milliseconds in which it may be sent again
-- ARGV[10] number of windows
-- ARGV[11..] half-life of each in microseconds; fields of the counts: :partitions, :estimate first
-- => the tally, or `touched` if it may have run, and the user has done something else since
local fields = { unpack(ARGV, 11 + ARGV[10]) }
local at, before = redis.call('ZSCORE', KEYS[1], ARGV[1]), nil
if at then before = #fields > 2 and redis.call('HGET', KEYS[2], ARGV[1]) or '' end
local after = add(ARGV[4], ARGV[5], before, ARGV[3])
if ARGV[8] == '1' and before ~= after and redis.call('EXISTS', KEYS[4]) == 1 then
  return redis.status_reply('touched')
end
if not at and ARGV[6] ~= '0' then
  -- Once this partition takes nobody in, it never does again: who is not here now can only be in their other one.
  local closed = redis.call('HEXISTS', KEYS[3], ':partitions') == 1
  if not closed and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[6]) then
    closed = redis.call('HSET', KEYS[3], ':partitions', ARGV[7])
  end
  if closed then return tally(0, at, KEYS[1], KEYS[2], KEYS[3], ARGV[1], fields) end
end
-- First what takes memory: once a script has written, Redis no longer refuses it for want of memory.
if not at then
  at = now()
  redis.call('ZADD', KEYS[1], at, ARGV[1])
  for window = 1, tonumber(ARGV[10]) do trend(KEYS[4 + window], ARGV[10 + window], ARGV[2], at) end
  at = tostring(at)
elseif before ~= after then
  redis.call('SET', KEYS[4], 1, 'PX', ARGV[9])
end
replace(KEYS[2], KEYS[3], ARGV[1], before or '', after)
return tally(1, at, KEYS[1], KEYS[2], KEYS[3], ARGV[1], fields)
