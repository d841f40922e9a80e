-- Reads who has a lock, and how many wait for it.
-- KEYS[1] fence
-- KEYS[2] holders
-- KEYS[3] grants
-- KEYS[4] beats
-- ARGV[1] most holders to tell
-- => last fencing token | nil, permits | nil while nobody shares it, holders, waiting, and of each holder in the order of their
-- ends claim, end and text of its grant or empty
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local later = '(' .. string.format('%.0f', now)
local holding, waiting = redis.call('ZCOUNT', KEYS[2], later, '+inf'), redis.call('ZCOUNT', KEYS[4], later, '+inf')
local found = redis.call('ZRANGEBYSCORE', KEYS[2], later, '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[1])
local isShared = found[1] ~= nil and found[1]:sub(1, 1) == 's'
local reply = { redis.call('GET', KEYS[1]), isShared and redis.call('HGET', KEYS[3], 'permits'), holding, waiting }
for index = 1, #found, 2 do
  reply[#reply + 1] = found[index]
  reply[#reply + 1] = found[index + 1]
  reply[#reply + 1] = redis.call('HGET', KEYS[3], found[index]) or ''
end
return reply
