-- Forgets those whose time is over: who holds a lock, and whose ticket nobody has come back with.
local function forget(holders, grants, queue, beats, now)
  for _, claim in ipairs(redis.call('ZRANGEBYSCORE', holders, '-inf', now)) do
    redis.call('ZREM', holders, claim)
    redis.call('HDEL', grants, claim)
  end
  for _, claim in ipairs(redis.call('ZRANGEBYSCORE', beats, '-inf', now)) do
    redis.call('ZREM', beats, claim)
    redis.call('ZREM', queue, claim)
  end
  local used = redis.call('ZCARD', holders) + redis.call('ZCARD', queue) > 0
  if not used then redis.call('UNLINK', grants) end
  return used
end
