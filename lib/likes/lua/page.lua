-- Reads who is in a partition, newest first.
-- KEYS[1] members
-- KEYS[2] given
-- KEYS[3] counts
-- ARGV[1] microsecond from which to go back, or +inf
-- ARGV[2] how many to read
-- => number of further partitions, the estimate if it is one, then of each member: user, microsecond, what they gave
local partitions, estimate = unpack(redis.call('HMGET', KEYS[3], ':partitions', ':estimate'))
local rows = redis.call('ZREVRANGEBYSCORE', KEYS[1], ARGV[1], '-inf', 'WITHSCORES', 'LIMIT', 0, ARGV[2])
local reply = { partitions, estimate }
for index = 1, #rows, 2 do
  local user, at = rows[index], rows[index + 1]
  for _, value in ipairs({ user, at, redis.call('HGET', KEYS[2], user) or '' }) do reply[#reply + 1] = value end
end
return reply
