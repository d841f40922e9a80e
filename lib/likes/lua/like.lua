-- Makes a user a member of a partition, or changes what a member gave.
-- KEYS[1] members
-- KEYS[2] given
-- KEYS[3] counts
-- KEYS[4] done
-- KEYS[5] trending by the hour
-- KEYS[6] by the day
-- KEYS[7] by the week
-- ARGV[1] user
-- ARGV[2] reaction or number of claps; empty for what was given before, or what most give
-- ARGV[3] one | several | claps
-- ARGV[4] what most give: the first reaction, or 1
-- ARGV[5] subject
-- ARGV[6] number of members from which on users go to other partitions, or 0
-- ARGV[7] number of these
-- ARGV[8] milliseconds to remember that this has run
-- ARGV[9..] fields of the counts: :partitions first
-- => the tally
local fields = { unpack(ARGV, 9) }
if redis.call('EXISTS', KEYS[4]) == 1 then -- it has run already, and its reply was lost
  return tally(1, KEYS[1], KEYS[2], KEYS[3], ARGV[1], fields)
end
local at = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not at and ARGV[6] ~= '0' then
  -- Once this partition takes nobody in, it never does again: who is not here now can only be in their other one.
  local closed = redis.call('HEXISTS', KEYS[3], ':partitions') == 1
  if not closed and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[6]) then
    closed = redis.call('HSET', KEYS[3], ':partitions', ARGV[7])
  end
  if closed then return tally(0, KEYS[1], KEYS[2], KEYS[3], ARGV[1], fields) end
end
-- First what takes memory: once a script has written, Redis no longer refuses it for want of memory.
redis.call('SET', KEYS[4], 1, 'PX', ARGV[8])
local before = at and (redis.call('HGET', KEYS[2], ARGV[1]) or '')
if not at then
  at = arrive(KEYS[1])
  redis.call('ZADD', KEYS[1], at, ARGV[1])
  for window = 1, 3 do trend(KEYS[4 + window], window, ARGV[5], at) end
end
replace(KEYS[2], KEYS[3], ARGV[1], before or '', add(ARGV[3], ARGV[4], before, ARGV[2]))
return tally(1, KEYS[1], KEYS[2], KEYS[3], ARGV[1], fields)
