-- Takes a like back from those of late, with the weight that it has by now. Who then has no more than whoever has no place
-- leaves theirs; a millionth is what rounding leaves.
local function untrend(trending, half_life, subject, at)
  local sum, floor = redis.call('ZSCORE', trending, subject), redis.call('ZSCORE', trending, '')
  if not sum then return end
  local left = 1 - 2 ^ (at / half_life - sum)
  if left - (floor and 2 ^ (floor - sum) or 0) < 1e-6 then
    redis.call('ZREM', trending, subject)
  else
    redis.call('ZADD', trending, sum + math.log(left) / math.log(2), subject)
  end
end
