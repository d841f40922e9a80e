-- Tells how a claim stands at a lock that is in use: 1 if it holds, and then the text of its grant, 1 if it waits, how many are
-- before it, and whether there is room for it and for all of them. A claim that begins with x has the lock alone, and its place in
-- the queue is a negative number. The permits are those of the claims that share, as long as one of them holds or waits.
local function stand(holders, grants, queue, claim, permits)
  local place = redis.call('ZSCORE', queue, claim)
  local writers = redis.call('ZCOUNT', queue, place and '(' .. -math.abs(place) or '-inf', 0)
  local readers = redis.call('ZCOUNT', queue, 0, place and '(' .. math.abs(place) or '+inf')
  local standing = {
    holding = redis.call('ZCARD', holders),
    grant = redis.call('ZSCORE', holders, claim) and redis.call('HGET', grants, claim),
    waits = place and 1 or 0,
    before = writers + readers,
  }
  standing.holds = standing.grant and 1 or 0
  local taken = standing.holding + standing.before
  if claim:sub(1, 1) == 'x' then
    standing.room = taken == 0
    return standing
  end
  local first = redis.call('ZRANGE', holders, 0, 0)[1]
  local present = tonumber(redis.call('HGET', grants, 'permits'))
  local isHeldAlone = first and first:sub(1, 1) == 'x'
  local isShared = first and not isHeldAlone or readers > 0 or place
  standing.mismatched = isShared and permits > 0 and present and present ~= permits
  if permits == 0 then permits = present or 1 end
  standing.room = writers == 0 and not isHeldAlone and taken < permits
  return standing
end
