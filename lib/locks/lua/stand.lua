-- Tells how a claim stands at a lock that is in use: 1 if it holds, 1 if it waits, how many are before it, and whether there
-- is room for it and for all of them. A claim that begins with x has the lock alone.
local function stand(holders, grants, queue, claim, permits)
  local holding = redis.call('ZCARD', holders)
  local rank = redis.call('ZRANK', queue, claim)
  local standing = {
    holding = holding,
    holds = redis.call('ZSCORE', holders, claim) and 1 or 0,
    waits = rank and 1 or 0,
    before = rank or redis.call('ZCARD', queue),
  }
  local present = tonumber(redis.call('HGET', grants, 'permits'))
  standing.mismatched = permits > 0 and present and present ~= permits
  local taken = holding + standing.before
  if claim:sub(1, 1) == 'x' then
    standing.room = taken == 0
    return standing
  end
  standing.room = taken < (present or permits)
  if standing.room and taken > 0 then
    local others = redis.call('ZRANGE', holders, 0, 0)
    if standing.before > 0 then
      for _, other in ipairs(redis.call('ZRANGE', queue, 0, standing.before - 1)) do others[#others + 1] = other end
    end
    for _, other in ipairs(others) do standing.room = standing.room and other:sub(1, 1) ~= 'x' end
  end
  return standing
end
