-- Forgets those whose time is over: who holds a lock, and whose ticket nobody has come back with. Tells whether anybody is left.
local function forget(holders, grants, queue, beats, now)
  for _, claim in ipairs(redis.call('ZRANGEBYSCORE', holders, '-inf', now)) do
    redis.call('ZREM', holders, claim)
    redis.call('HDEL', grants, claim)
  end
  for _, claim in ipairs(redis.call('ZRANGEBYSCORE', beats, '-inf', now)) do
    redis.call('ZREM', beats, claim)
    redis.call('ZREM', queue, claim)
  end
  if redis.call('EXISTS', holders, queue) > 0 then return true end
  redis.call('UNLINK', grants)
  return false
end
