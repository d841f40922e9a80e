-- A tenant's invalidation clock: microseconds of the server, never twice the same, never backwards.
-- KEYS[1] clock
-- ARGV[1] milliseconds to keep it
-- ARGV[2] 1 to move it forward, 0 to read it
-- => the time
local last = redis.call('GET', KEYS[1])
if last and ARGV[2] == '0' then return last end
local now = redis.call('TIME')
local text = string.format('%.0f', math.max(now[1] * 1000000 + now[2], (tonumber(last) or 0) + 1))
-- First what frees memory: a full Redis must still forget.
redis.call('UNLINK', KEYS[1])
redis.call('SET', KEYS[1], text, 'PX', ARGV[1])
return text
