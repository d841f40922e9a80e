-- Creates a board, or changes it as far as its scores allow.
-- KEYS[1] board
-- KEYS[2] outcome
-- ARGV[1] milliseconds to remember the outcome
-- ARGV[2] what cannot change once there were scores
-- ARGV[3] capacity, or 0
-- ARGV[4] number of partitions
-- ARGV[5] number of past windows
-- ARGV[6] settings
-- ARGV[7..] the rules that follow from them: name and value of each
-- => 'created' | 'changed' | 'fixed' | 'deleting'; version; the most past windows that it had, if those there are have yet to
-- learn how long they live
local outcome = redis.call('GET', KEYS[2])
if outcome then return cmsgpack.unpack(outcome) end -- it has run already, and its reply was lost
local state, version, created, fixed, capacity, used, settings, widest, longest, past, unkept = unpack(redis.call('HMGET', KEYS[1],
  'state', 'version', 'created', 'fixed', 'capacity', 'used', 'settings', 'widest', 'longest', 'past', 'unkept'))
if state == 'deleting' then return { 'deleting' } end
local there = version and not state
if there and settings == ARGV[6] then return { 'changed', version, unkept and longest } end -- nobody has to learn it anew
if there and used then
  local shrinks = ARGV[3] ~= '0' and (capacity == '0' or tonumber(ARGV[3]) < tonumber(capacity))
  if fixed ~= ARGV[2] or shrinks then return { 'fixed' } end
end
local time = redis.call('TIME')
-- Later than whatever was here before, a deleted board too: old requests must not pass for new ones.
local next = string.format('%.0f', math.max(time[1] * 1000000 + time[2], (tonumber(version) or 0) + 1))
if not there then created = next end
-- A deletion has to reach every partition and every past window that there ever was.
widest = math.max(tonumber(there and widest or 0), tonumber(ARGV[4]))
longest = math.max(tonumber(there and longest or 0), tonumber(ARGV[5]))
redis.call('HSET', KEYS[1], 'version', next, 'created', created, 'fixed', ARGV[2],
  'widest', widest, 'longest', longest, 'past', ARGV[5], 'settings', ARGV[6], unpack(ARGV, 7))
if not there then
  redis.call('HDEL', KEYS[1], 'state', 'used', 'unkept')
  redis.call('PERSIST', KEYS[1])
end
unkept = there and (unkept or past ~= ARGV[5])
if unkept then redis.call('HSET', KEYS[1], 'unkept', 1) end
local reply = { there and 'changed' or 'created', next, unkept and tostring(longest) }
redis.call('SET', KEYS[2], cmsgpack.pack(reply), 'PX', ARGV[1])
return reply
