-- Gives a live session a new token; the ones before are accepted until their grace is over.
-- KEYS[1] session
-- KEYS[2] ends
-- KEYS[3] seen
-- ARGV[1] name of the session
-- ARGV[2] digest of the new token
-- ARGV[3] grace in milliseconds
-- ARGV[4] tokens that a session may have at once
-- ARGV[5] milliseconds that a record outlives its session
-- => as find.lua
local head, created, tokens, version, data =
  unpack(redis.call('HMGET', KEYS[1], 'head', 'created', 'tokens', 'version', 'data'))
if not head then return { 'unknown' } end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ends = tonumber(redis.call('ZSCORE', KEYS[2], ARGV[1]))
if not ends and redis.call('PTTL', KEYS[1]) > tonumber(ARGV[5]) then return { 'revoked' } end
if not ends or ends <= now then return { 'expired' } end

-- If the token is there already, the call has run and its reply was lost.
if not tokens:find(ARGV[2], 1, true) then
  local kept = { ARGV[2] .. ' 0' }
  for digest, till in tokens:gmatch('(%S+) (%d+)') do
    if till == '0' then till = now + ARGV[3] end
    if tonumber(till) > now and #kept < tonumber(ARGV[4]) then kept[#kept + 1] = digest .. ' ' .. till end
  end
  redis.call('HSET', KEYS[1], 'tokens', table.concat(kept, ' '))
end
return { 'live', head, created, redis.call('ZSCORE', KEYS[3], ARGV[1]) or created, tostring(ends), version, data }
