-- Gives a group a new token, so that no entry that names an older one is served again.
-- KEYS[1] group
-- ARGV[1] clock of this invalidation
-- ARGV[2] nonce of the new token
-- ARGV[3] milliseconds to keep it at least: the longest lease
-- => 1
local clock = ARGV[1]
local token = redis.call('GET', KEYS[1])
local last = token and token:match('^%d+')
if last and tonumber(last) > tonumber(clock) then clock = last end
-- First what frees memory: a full Redis must still forget.
redis.call('UNLINK', KEYS[1])
redis.call('SET', KEYS[1], clock .. '.' .. ARGV[2], 'PX', ARGV[3])
return 1
