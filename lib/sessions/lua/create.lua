-- Begins a session, and ends those that were seen longest ago when the user would have too many.
-- KEYS[1] session
-- KEYS[2] ends
-- KEYS[3] seen
-- ARGV[1] name of the session
-- ARGV[2] head: JSON with `idleMs`
-- ARGV[3] digest of the token
-- ARGV[4] packed data
-- ARGV[5] milliseconds that a record outlives its session
-- ARGV[6] sessions that a user may have
-- => created, names of the evicted sessions separated by spaces
local known = redis.call('HMGET', KEYS[1], 'created', 'evicted')
if known[1] then return { known[1], known[2] or '' } end -- it has run already, and its reply was lost

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ends = now + cjson.decode(ARGV[2]).idleMs
-- First what takes memory: once a script has written, Redis no longer refuses it for want of memory.
redis.call('HSET', KEYS[1], 'head', ARGV[2], 'created', now, 'tokens', ARGV[3] .. ' 0', 'version', 1)
if ARGV[4] ~= '{}' then redis.call('HSET', KEYS[1], 'data', ARGV[4]) end
redis.call('PEXPIREAT', KEYS[1], ends + ARGV[5])

local expired = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now)
if #expired > 0 then
  redis.call('ZREM', KEYS[2], unpack(expired))
  redis.call('ZREM', KEYS[3], unpack(expired))
end
local evicted = {}
while redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[6]) do
  -- Redis may have evicted one index and not the other: what counts is who is taken from the one of the ends.
  local name = redis.call('ZPOPMIN', KEYS[3])[1] or redis.call('ZRANGE', KEYS[2], 0, 0)[1]
  if redis.call('ZREM', KEYS[2], name) == 1 then evicted[#evicted + 1] = name end
end
if #evicted > 0 then redis.call('HSET', KEYS[1], 'evicted', table.concat(evicted, ' ')) end
redis.call('ZADD', KEYS[2], ends, ARGV[1])
redis.call('ZADD', KEYS[3], now, ARGV[1])
local last = redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')[2]
redis.call('PEXPIREAT', KEYS[2], last)
redis.call('PEXPIREAT', KEYS[3], last)
return { tostring(now), table.concat(evicted, ' ') }
