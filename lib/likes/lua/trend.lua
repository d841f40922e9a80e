-- Counts a like among those of late, of which the best thousand subjects are kept. It weighs half with each half-life that
-- goes by, so beside others it weighs 2^(at / half-life) for good (Cormode et al. 2009, "Forward decay"). Kept is the
-- logarithm of the sum: it never overflows, and nothing has to be written anew.
local function trend(trending, window, subject, at)
  local power = at / half_life(window)
  local sum = tonumber(redis.call('ZSCORE', trending, subject) or power - 1100) -- 2^-1100 is none
  local more, less = math.max(sum, power), math.min(sum, power)
  local score = more + math.log(1 + 2 ^ (less - more)) / math.log(2)
  redis.call('ZADD', trending, string.format('%.17g', score), subject)
  redis.call('ZREMRANGEBYRANK', trending, 0, -1001)
  redis.call('PEXPIRE', trending, half_life(window) / 50) -- twenty half-lives
end
