-- Reads who has a lock, and how many wait for it.
-- KEYS[1] fence
-- KEYS[2] holders
-- KEYS[3] grants
-- KEYS[4] beats
-- ARGV[1] most holders to tell
-- => last fencing token | nil, permits | nil, holders, waiting, and of each holder in the order of their ends claim, end and
-- text of its grant
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local later = '(' .. string.format('%.0f', now)
local holding, waiting = redis.call('ZCOUNT', KEYS[2], later, '+inf'), redis.call('ZCOUNT', KEYS[4], later, '+inf')
local permits = holding + waiting > 0 and redis.call('HGET', KEYS[3], 'permits')
local reply = { redis.call('GET', KEYS[1]), permits, holding, waiting }
local found = redis.call('ZRANGEBYSCORE', KEYS[2], later, '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[1])
for index = 1, #found, 2 do
  reply[#reply + 1] = found[index]
  reply[#reply + 1] = found[index + 1]
  reply[#reply + 1] = redis.call('HGET', KEYS[3], found[index])
end
return reply
