-- Counts a like among those of late. It weighs half with each half-life that goes by, so beside others it weighs
-- 2^(at / half-life) for good (Cormode et al. 2009, "Forward decay"). Kept is the logarithm of the sum: it never overflows,
-- and nothing has to be written anew. A thousand subjects have a place; when these are taken, a newcomer gets that of the
-- least (Metwally et al. 2005, "Space-Saving"). It may have been there before, so it begins with the most that anybody
-- weighed who had to go, which is kept under no name: never more than a thousandth of all likes.
local function trend(trending, half_life, subject, at, weight)
  local power, sum = at / half_life, tonumber(redis.call('ZSCORE', trending, subject))
  if weight then power = power + math.log(weight) / math.log(2) end
  local before = sum
  if not sum then
    if redis.call('ZCARD', trending) > 1000 then
      local least = redis.call('ZPOPMIN', trending, 2) -- the nameless weighs no more than anybody
      redis.call('ZADD', trending, least[4], '')
    end
    sum = tonumber(redis.call('ZSCORE', trending, ''))
  end
  if sum then
    local apart = math.abs(power - sum)
    power = math.max(power, sum) + math.log(1 + 2 ^ -apart) / math.log(2)
  end
  redis.call('ZADD', trending, string.format('%.10f', power), subject) -- twice as fast as all its digits
  -- Twenty half-lives, from the last time that a sum grew beyond a whole number: it has not doubled since, so it ends with
  -- less than 2^-19 of what it was.
  if not before or math.floor(power) > math.floor(before) then
    redis.call('PEXPIRE', trending, math.floor(half_life / 50))
  end
end
