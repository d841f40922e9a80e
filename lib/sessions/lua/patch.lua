-- Merges a patch into the data of a live session (RFC 7396), member by member, and counts its version up.
-- KEYS[1] session
-- KEYS[2] ends
-- KEYS[3] seen
-- KEYS[4] outcome of this very patch, for a caller that lost the reply
-- ARGV[1] name of the session
-- ARGV[2] packed patch
-- ARGV[3] versions that are expected, each between spaces, or empty for any
-- ARGV[4] bytes that the data may have as JSON
-- ARGV[5] members that they may have
-- ARGV[6] milliseconds that a record outlives its session
-- ARGV[7] milliseconds to remember the outcome
-- => as find.lua, or only 'precondition_failed' | 'too_large'
local head, created, version, data = unpack(redis.call('HMGET', KEYS[1], 'head', 'created', 'version', 'data'))
if not head then return { 'unknown' } end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ends = tonumber(redis.call('ZSCORE', KEYS[2], ARGV[1]))
if not ends and redis.call('PTTL', KEYS[1]) > tonumber(ARGV[6]) then return { 'revoked' } end
if not ends or ends <= now then return { 'expired' } end

local function merge(target, patch)
  for name, value in pairs(patch) do
    if type(value) == 'table' then
      target[name] = merge(type(target[name]) == 'table' and target[name] or {}, value)
    else
      target[name] = value ~= 'null' and value or nil
    end
  end
  return target
end

local members = 0
local function json_bytes(node)
  if type(node) ~= 'table' then return #node end
  local bytes = 1
  for name, value in pairs(node) do
    members = members + 1
    local escaped = select(2, name:gsub('["\\\b\f\n\r\t]', '')) + 5 * select(2, name:gsub('[%z\1-\7\11\14-\31]', ''))
    bytes = bytes + #name + escaped + 4 + json_bytes(value)
  end
  return math.max(bytes, 2)
end

if redis.call('EXISTS', KEYS[4]) == 0 then
  if ARGV[3] ~= '' and not ARGV[3]:find(' ' .. version .. ' ', 1, true) then return { 'precondition_failed' } end
  local merged = merge(cjson.decode(data or '{}'), cjson.decode(ARGV[2]))
  if json_bytes(merged) > tonumber(ARGV[4]) or members > tonumber(ARGV[5]) then return { 'too_large' } end
  version, data = tostring(version + 1), cjson.encode(merged)
  redis.call('HSET', KEYS[1], 'data', data, 'version', version)
  redis.call('SET', KEYS[4], '', 'PX', ARGV[7])
end
return { 'live', head, created, redis.call('ZSCORE', KEYS[3], ARGV[1]) or created, tostring(ends), version, data }
