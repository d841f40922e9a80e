-- Lets a holder keep a lock for longer, and never for less than it has.
-- KEYS[1] fence
-- KEYS[2] holders
-- KEYS[3] grants
-- KEYS[4] outcome of this very call, for a caller that lost the reply
-- ARGV[1] claim
-- ARGV[2] milliseconds from now
-- ARGV[3] most extensions of one grant
-- ARGV[4] milliseconds to keep a fencing token
-- ARGV[5] milliseconds to remember the outcome
-- => fencing token and end in one text, or `lost`, or `exhausted`
local done = redis.call('GET', KEYS[4])
if done then return done end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ends = tonumber(redis.call('ZSCORE', KEYS[2], ARGV[1]))
if not ends or ends <= now then return 'lost' end
local token, extensions, owner = (redis.call('HGET', KEYS[3], ARGV[1]) or ''):match('^(%d+) (%d+) (.*)$')
if not token then return 'lost' end
if tonumber(extensions) >= tonumber(ARGV[3]) then return 'exhausted' end
ends = math.max(ends, now + ARGV[2])
-- The first: a full Redis does not refuse it, and once a script has written it refuses nothing.
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('ZADD', KEYS[2], ends, ARGV[1])
redis.call('HSET', KEYS[3], ARGV[1], token .. ' ' .. extensions + 1 .. ' ' .. owner)
outlive(KEYS[2], ends)
outlive(KEYS[3], ends)
local outcome = token .. ' ' .. string.format('%.0f', ends)
redis.call('SET', KEYS[4], outcome, 'PX', ARGV[5])
return outcome
