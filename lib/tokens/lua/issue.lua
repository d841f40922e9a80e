-- Begins a grant with its first pair of tokens; the user's oldest grants end when there would be too many.
-- KEYS[1] grant
-- KEYS[2] ends
-- KEYS[3] access token
-- ARGV[1] name of the grant
-- ARGV[2] head: JSON with `scope`
-- ARGV[3] digest of the family's secret
-- ARGV[4] digest of the refresh token
-- ARGV[5] life of the family in milliseconds
-- ARGV[6] life of the access token in milliseconds
-- ARGV[7] grants that a user may have
-- => 1, or 0 if this very call had run before
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ends = now + ARGV[5]
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end -- it has run already, and its reply was lost
redis.call('HSET', KEYS[1], 'head', ARGV[2], 'created', now, 'ends', ends, 'family', ARGV[3], 'current', ARGV[4])
redis.call('PEXPIREAT', KEYS[1], ends)
local access = { now, now + ARGV[6], cjson.decode(ARGV[2]).scope }
redis.call('SET', KEYS[3], table.concat(access, ' '), 'PX', ARGV[6])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
local names = redis.call('ZRANGE', KEYS[2], 0, -1) -- there are few, and they begin with their time
table.sort(names)
for index = 1, #names + 1 - ARGV[7] do redis.call('ZREM', KEYS[2], names[index]) end
redis.call('ZADD', KEYS[2], ends, ARGV[1])
redis.call('PEXPIREAT', KEYS[2], redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')[2])
return 1
