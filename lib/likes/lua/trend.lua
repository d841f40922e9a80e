-- Counts a like among those of late, of which the best thousand subjects are kept. It weighs half with each half-life that
-- goes by, so beside others it weighs 2^(at / half-life) for good (Cormode et al. 2009, "Forward decay"). Kept is the
-- logarithm of the sum: it never overflows, and nothing has to be written anew.
local function trend(trending, half_life, subject, at)
  local power, sum = at / half_life, redis.call('ZSCORE', trending, subject)
  if sum then
    local apart = math.abs(power - sum)
    power = math.max(power, sum) + math.log(1 + 2 ^ -apart) / math.log(2)
  end
  redis.call('ZADD', trending, power, subject)
  if not sum then
    redis.call('ZREMRANGEBYRANK', trending, 0, -1001)
    redis.call('PEXPIRE', trending, math.floor(half_life / 50)) -- twenty half-lives
  end
end
