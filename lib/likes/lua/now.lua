-- The microsecond by the clock of the server; as text, since Lua writes large numbers slowly.
local function now()
  local time = redis.call('TIME')
  return time[1] .. string.format('%06d', time[2])
end
