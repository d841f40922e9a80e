-- Forgets those whose time is over: who holds a lock, and whose ticket nobody has come back with. Tells whether anybody is left;
-- otherwise nothing is. Where Redis has evicted either, no place is known to be of somebody who comes back: all are lost. O(1) if
-- nobody is left, and O(n) in those that it forgets: a thousand at a time, as Lua passes on no more than some thousands.
local function forget(holders, grants, queue, beats, now)
  local later = '(' .. string.format('%.0f', now)
  if redis.call('ZCOUNT', holders, later, '+inf') + redis.call('ZCOUNT', beats, later, '+inf') == 0 then
    redis.call('UNLINK', holders, grants, queue, beats)
    return false
  end
  repeat
    local claims = redis.call('ZRANGEBYSCORE', holders, '-inf', now, 'LIMIT', 0, 1000)
    if claims[1] then
      redis.call('ZREM', holders, unpack(claims))
      redis.call('HDEL', grants, unpack(claims))
    end
  until #claims < 1000
  repeat
    local claims = redis.call('ZRANGEBYSCORE', beats, '-inf', now, 'LIMIT', 0, 1000)
    if claims[1] then
      redis.call('ZREM', beats, unpack(claims))
      redis.call('ZREM', queue, unpack(claims))
    end
  until #claims < 1000
  if redis.call('ZCARD', queue) ~= redis.call('ZCARD', beats) then redis.call('UNLINK', queue, beats) end
  return true
end
