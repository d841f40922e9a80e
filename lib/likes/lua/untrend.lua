-- Takes a like back from those of late, with the weight that it has by now.
local function untrend(trending, half_life, subject, at)
  local sum = redis.call('ZSCORE', trending, subject)
  if not sum then return end
  local left = 1 - 2 ^ (at / half_life - sum)
  if left < 1e-9 then
    redis.call('ZREM', trending, subject)
  else
    redis.call('ZADD', trending, sum + math.log(left) / math.log(2), subject)
  end
end
