-- Reads a session. With a token: only if it is one of the session's, and the idle clock is renewed when that is due.
-- KEYS[1] session
-- KEYS[2] ends
-- KEYS[3] seen
-- ARGV[1] name of the session
-- ARGV[2] digest of the token, or empty to only read
-- ARGV[3] milliseconds that a record outlives its session
-- ARGV[4] milliseconds between two renewals, at most a tenth of the idle time
-- => 'live', head, created, last seen, ends, version, data | nil; or only 'unknown' | 'expired' | 'revoked'
local head, created, tokens, version, data =
  unpack(redis.call('HMGET', KEYS[1], 'head', 'created', 'tokens', 'version', 'data'))
if not head then return { 'unknown' } end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local presented = ARGV[2] ~= ''
if presented then
  local accepted = false
  for digest, till in tokens:gmatch('(%S+) (%d+)') do
    accepted = accepted or (digest == ARGV[2] and (till == '0' or tonumber(till) > now))
  end
  if not accepted then return { 'unknown' } end
end

local ends = tonumber(redis.call('ZSCORE', KEYS[2], ARGV[1]))
if not ends and redis.call('PTTL', KEYS[1]) > tonumber(ARGV[3]) then return { 'revoked' } end
if not ends or ends <= now then return { 'expired' } end

local seen = tonumber(redis.call('ZSCORE', KEYS[3], ARGV[1]) or created)
local limits = presented and cjson.decode(head)
local due = limits and now - seen >= math.min(tonumber(ARGV[4]), limits.idleMs / 10)
local renewed = due and math.min(now + limits.idleMs, created + limits.absoluteMs)
-- First what a full Redis takes: a session in use stays alive. One that takes no write at all is still read.
local touched = due and redis.pcall('PEXPIREAT', KEYS[1], renewed + ARGV[3])
if type(touched) == 'table' and not touched.err:find('MISCONF') and not touched.err:find('NOREPLICAS') then
  return touched
end
if touched == 1 then
  seen, ends = now, renewed
  redis.call('ZADD', KEYS[2], ends, ARGV[1])
  redis.call('ZADD', KEYS[3], now, ARGV[1])
  local expired = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now)
  if #expired > 0 then
    redis.call('ZREM', KEYS[2], unpack(expired))
    redis.call('ZREM', KEYS[3], unpack(expired))
  end
  local last = redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')[2]
  redis.call('PEXPIREAT', KEYS[2], last)
  redis.call('PEXPIREAT', KEYS[3], last)
end
return { 'live', head, created, tostring(seen), tostring(ends), version, data }
