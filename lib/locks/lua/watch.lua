-- Tells who waits what to wait for: the last waking of a lock, and in how many milliseconds the first holder or ticket ends, or
-- `soonest` if that is before.
local function watch(holders, beats, wake, now, soonest)
  local last = redis.call('XREVRANGE', wake, '+', '-', 'COUNT', 1)[1]
  local holder = redis.call('ZRANGE', holders, 0, 0, 'WITHSCORES')[2]
  local ticket = redis.call('ZRANGE', beats, 0, 0, 'WITHSCORES')[2]
  return last and last[1] or '0-0', math.min(soonest, (holder or math.huge) - now, (ticket or math.huge) - now)
end
