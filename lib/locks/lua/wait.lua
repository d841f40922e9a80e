-- Gives a claim the last place in the queue of a lock, or lets it keep the one it has, until `till`.
local function wait(grants, queue, beats, claim, permits, till)
  if not redis.call('ZSCORE', queue, claim) then
    local lowest = redis.call('ZRANGE', queue, 0, 0, 'WITHSCORES')[2] or 0
    local highest = redis.call('ZRANGE', queue, -1, -1, 'WITHSCORES')[2] or 0
    local place = math.max(-lowest, highest) + 1
    redis.call('ZADD', queue, claim:sub(1, 1) == 'x' and -place or place, claim)
  end
  redis.call('ZADD', beats, till, claim)
  if permits > 0 then redis.call('HSET', grants, 'permits', permits) end
  outlive(queue, till)
  outlive(beats, till)
  outlive(grants, till)
end
