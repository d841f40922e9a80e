-- Exchanges the refresh token of a grant, once; within the grace the same again; at any other time it is theft.
-- KEYS[1] grant
-- KEYS[2] ends
-- KEYS[3] new access token
-- KEYS[4] sealed pair
-- ARGV[1] name of the grant
-- ARGV[2] digest of the family's secret
-- ARGV[3] digest of the presented token
-- ARGV[4] digest of the new refresh token: a repeated call finds its own again
-- ARGV[5] the new pair, sealed
-- ARGV[6] life of an access token in milliseconds
-- ARGV[7] grace in milliseconds
-- ARGV[8] JSON of what else was presented: `clientId`, `device`, `scope`
-- ARGV[9] milliseconds to remember a theft
-- => 'rotated' | 'replayed', scope, life of the access token, sealed pair; 'reused', head; or only 'invalid' | 'invalid_scope'
local head, family, current, previous, till, scope, life, theft = unpack(redis.call('HMGET', KEYS[1],
  'head', 'family', 'current', 'previous', 'till', 'scope', 'life', 'theft'))
if theft == ARGV[4] then return { 'reused', head } end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ends = tonumber(redis.call('ZSCORE', KEYS[2], ARGV[1]))
if family ~= ARGV[2] or not ends or ends <= now then return { 'invalid' } end
local granted, presented = cjson.decode(head), cjson.decode(ARGV[8])
local asked = presented.scope or granted.scope
if current == ARGV[4] or previous == ARGV[4] then return { 'rotated', asked, life } end

local replay = previous == ARGV[3] and now < tonumber(till)
if current ~= ARGV[3] and not replay then
  redis.call('ZREM', KEYS[2], ARGV[1])
  redis.call('UNLINK', KEYS[1], KEYS[4])
  redis.call('HSET', KEYS[1], 'head', head, 'theft', ARGV[4])
  redis.call('PEXPIRE', KEYS[1], ARGV[9])
  return { 'reused', head }
end

if presented.clientId and presented.clientId ~= granted.clientId then return { 'invalid' } end
if presented.device and presented.device ~= granted.device then return { 'invalid' } end
for word in asked:gmatch('%S+') do
  if not (' ' .. granted.scope .. ' '):find(' ' .. word .. ' ', 1, true) then return { 'invalid_scope' } end
end
if replay then
  local sealed = redis.call('GET', KEYS[4])
  return sealed and { 'replayed', scope, life, sealed } or { 'invalid' } -- it was evicted: that is nobody's theft
end
life = tostring(math.min(tonumber(ARGV[6]), ends - now))
redis.call('HSET', KEYS[1], 'current', ARGV[4], 'previous', current, 'till', now + ARGV[7], 'scope', asked,
  'life', life, 'refreshed', now)
if ARGV[7] ~= '0' then redis.call('SET', KEYS[4], ARGV[5], 'PX', ARGV[7]) end
redis.call('SET', KEYS[3], table.concat({ now, now + life, asked }, ' '), 'PX', life)
return { 'rotated', asked, life }
