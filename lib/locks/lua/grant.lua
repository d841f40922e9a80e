-- Gives a lock to a claim, with the next fencing token, and returns that. The first is the microsecond of the server's clock: no
-- lock is granted as often, so it is beyond all that were given before they were forgotten.
local function grant(fence, holders, grants, queue, beats, claim, standing, given)
  local number = redis.call('INCR', fence)
  local token = string.format('%.0f', number == 1 and given.clock or number)
  if number == 1 then redis.call('SET', fence, token) end
  redis.call('PEXPIRE', fence, given.keep)
  redis.call('ZADD', holders, given.ends, claim)
  redis.call('HSET', grants, claim, token .. ' 0 ' .. given.owner)
  if given.permits > 0 then redis.call('HSET', grants, 'permits', given.permits) end
  if standing.waits > 0 then
    redis.call('ZREM', queue, claim)
    redis.call('ZREM', beats, claim)
  end
  outlive(holders, given.ends, standing.holding == 0)
  outlive(grants, given.ends, standing.isIdle)
  return token
end
