-- The microsecond by the clock of the server.
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end
