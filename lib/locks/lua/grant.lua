-- Gives a lock to a claim, with the next fencing token. The first token is the microsecond of the server's clock: no lock is
-- granted as often, so it is beyond all that were given before they were forgotten.
local function grant(fence, holders, grants, queue, beats, claim, given)
  redis.call('SET', fence, string.format('%.0f', given.clock), 'NX')
  local token = string.format('%.0f', redis.call('INCR', fence))
  redis.call('PEXPIRE', fence, given.keep)
  redis.call('ZADD', holders, given.ends, claim)
  redis.call('HSET', grants, claim, token .. ' 0 ' .. given.owner)
  if given.permits > 0 then redis.call('HSET', grants, 'permits', given.permits) end
  redis.call('ZREM', queue, claim)
  redis.call('ZREM', beats, claim)
  outlive(holders, given.ends)
  outlive(grants, given.ends)
end
