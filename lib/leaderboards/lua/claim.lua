-- Binds an idempotency key to the entries with which it came first, for all partitions.
-- KEYS[1] board
-- KEYS[2] outcome
-- ARGV[1] version of the board
-- ARGV[2] digest of the entries
-- ARGV[3] milliseconds to remember it
-- => the answer, if they were answered before
local digest, answer = unpack(redis.call('HMGET', KEYS[2], 'digest', 'answer'))
if digest and digest ~= ARGV[2] then return redis.status_reply('reused') end
if digest then return { answer or '' } end
local refused = visit(KEYS[1], ARGV[1], 0, math.huge)
if refused then return refused end
redis.call('HSET', KEYS[2], 'digest', ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return { '' }
