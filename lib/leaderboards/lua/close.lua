-- Begins to delete a board: from now on nothing passes for an operation on it.
-- KEYS[1] board
-- KEYS[2] outcome
-- ARGV[1] milliseconds to remember the outcome
-- => its settings, version, version when it was created, the most partitions and past windows that it had; nothing if there is none
local state, version, settings, created, widest, longest = unpack(redis.call('HMGET', KEYS[1],
  'state', 'version', 'settings', 'created', 'widest', 'longest'))
if not version or state == 'deleted' then return false end
if not state then
  if redis.call('EXISTS', KEYS[2]) == 1 then return false end -- it has deleted the board that was here before
  version = string.format('%.0f', tonumber(version) + 1)
  redis.call('HDEL', KEYS[1], 'used') -- first what takes no memory: a full Redis must still forget
  redis.call('HSET', KEYS[1], 'state', 'deleting', 'version', version)
  redis.call('SET', KEYS[2], 1, 'PX', ARGV[1])
end
return { settings, version, created, widest, longest }
