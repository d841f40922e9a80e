-- Counts a user in a subject of which nobody need know who they are: exactly up to a size, then by HyperLogLog, into
-- which its members go a few at a time. Each is in one of both, so that the sum is right all the while.
-- KEYS[1] members
-- KEYS[2] estimate
-- KEYS[3] counts
-- KEYS[4] done
-- KEYS[5] trending by the hour
-- KEYS[6] by the day
-- KEYS[7] by the week
-- ARGV[1] user
-- ARGV[2] subject
-- ARGV[3] number of members from which on they are estimated; 0 for always
-- ARGV[4] how many members to let go at once
-- ARGV[5] milliseconds to remember that this has run
-- => the tally
local at, is_new = redis.call('ZSCORE', KEYS[1], ARGV[1]), false
if redis.call('EXISTS', KEYS[4]) == 0 then -- else it has run already, and its reply was lost
  redis.call('SET', KEYS[4], 1, 'PX', ARGV[5])
  local now = arrive(KEYS[1])
  local exact = redis.call('HEXISTS', KEYS[3], ':estimate') == 0 and redis.call('ZCARD', KEYS[1]) < tonumber(ARGV[3])
  if exact then
    is_new = redis.call('ZADD', KEYS[1], 'NX', now, ARGV[1]) == 1
  else
    is_new = not at and redis.call('PFADD', KEYS[2], ARGV[1]) == 1
    local oldest = redis.call('ZPOPMIN', KEYS[1], ARGV[4])
    for index = 1, #oldest, 2 do redis.call('PFADD', KEYS[2], oldest[index]) end
    redis.call('HSET', KEYS[3], ':estimate', redis.call('PFCOUNT', KEYS[2]))
  end
  if is_new then
    for window = 1, 3 do trend(KEYS[4 + window], window, ARGV[2], now) end
  end
end
return tally(1, KEYS[1], KEYS[3], KEYS[3], ARGV[1], { ':partitions', ':estimate' })
