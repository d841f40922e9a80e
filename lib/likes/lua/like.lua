-- Makes a user a member of a partition, or changes what a member gave.
-- KEYS[1] members
-- KEYS[2] given
-- KEYS[3] counts
-- KEYS[4] touched
-- KEYS[5] liked: the list of the user
-- KEYS[6..] what is trending in each window
-- ARGV[1] user
-- ARGV[2] subject
-- ARGV[3] 1 if this may have run before, and its reply was lost
-- ARGV[4] number of members from which on users go to other partitions, or 0
-- ARGV[5] number of these
-- ARGV[6] milliseconds in which it may be sent again
-- ARGV[7] subjects that a list may have
-- ARGV[8] number of windows
-- ARGV[9..] half-life of each in microseconds; then, unless all give the same: one | several | claps; what most give, the
-- first reaction or 1; what this user gives, empty for what they gave before or what most give; names to count by
-- => the tally, in which the user is elsewhere if only their other partition may take them in; or `touched` if it
-- may have run, and the user has done something else since
local rules = 9 + ARGV[8]
local names = { unpack(ARGV, rules + 3) }
local at, before, after = redis.call('ZSCORE', KEYS[1], ARGV[1]), nil, ''
if at then before = #names > 0 and redis.call('HGET', KEYS[2], ARGV[1]) or '' end
if #names > 0 then after = add(ARGV[rules], ARGV[rules + 1], before, ARGV[rules + 2]) end
if ARGV[3] == '1' and before ~= after and redis.call('EXISTS', KEYS[4]) == 1 then
  return redis.status_reply('touched')
end
local size = redis.call('ZCARD', KEYS[1])
local counted = redis.call('HMGET', KEYS[3], ':partitions', ':estimate', unpack(names))
if not at and ARGV[4] ~= '0' then
  -- Once this partition takes nobody in, it never does again: who is not here now can only be in their other one.
  if not counted[1] and size >= tonumber(ARGV[4]) then
    redis.call('HSET', KEYS[3], ':partitions', ARGV[5])
    counted[1] = ARGV[5]
  end
  if counted[1] then return tally(KEYS[1], KEYS[2], KEYS[3], ARGV[1], 'elsewhere', at, names, size, counted) end
end
-- First what takes memory: once a script has written, Redis no longer refuses it for want of memory.
local is_new = not at
if is_new then
  at, size = now(), size + 1
  redis.call('ZADD', KEYS[1], at, ARGV[1])
  redis.call('ZADD', KEYS[5], at, ARGV[2])
  if redis.call('ZCARD', KEYS[5]) > tonumber(ARGV[7]) then redis.call('ZREMRANGEBYRANK', KEYS[5], 0, -ARGV[7] - 1) end
  for window = 1, tonumber(ARGV[8]) do trend(KEYS[5 + window], ARGV[8 + window], ARGV[2], at) end
end
-- Who comes to another partition may just have been taken out of the first.
if is_new and ARGV[4] == '0' or not is_new and before ~= after then
  redis.call('SET', KEYS[4], 1, 'PX', ARGV[6])
end
if #names > 0 then
  -- What was counted of members whom Redis has evicted.
  if is_new and size == 1 then
    redis.call('UNLINK', KEYS[2])
    redis.call('HDEL', KEYS[3], unpack(names))
  end
  replace(KEYS[2], KEYS[3], ARGV[1], before or '', after)
end
return tally(KEYS[1], KEYS[2], KEYS[3], ARGV[1], 'here', at, names, size, #names == 0 and counted)
