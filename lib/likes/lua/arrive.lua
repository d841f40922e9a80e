-- The microsecond for what comes next into a sorted set of times: later than all that is there, so that no two share one.
local function arrive(members)
  local time = redis.call('TIME')
  local newest = redis.call('ZREVRANGE', members, 0, 0, 'WITHSCORES')[2] or 0
  return math.max(time[1] * 1000000 + time[2], newest + 1)
end
