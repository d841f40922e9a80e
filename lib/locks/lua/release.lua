-- Gives up a lock, or a place in its queue, and wakes who waits.
-- KEYS[1] holders
-- KEYS[2] grants
-- KEYS[3] queue
-- KEYS[4] beats
-- KEYS[5] wake
-- KEYS[6] that this claim was given up, for a caller that lost the reply
-- ARGV[1] claim
-- ARGV[2] milliseconds to remember it
-- => 1, or 0 if it neither holds nor waits
if redis.call('EXISTS', KEYS[6]) == 1 then return 1 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ends = redis.call('ZSCORE', KEYS[1], ARGV[1]) or redis.call('ZSCORE', KEYS[4], ARGV[1])
if not ends or tonumber(ends) <= now then return 0 end
if redis.call('ZREM', KEYS[1], ARGV[1]) == 0 then
  redis.call('ZREM', KEYS[3], ARGV[1])
  redis.call('ZREM', KEYS[4], ARGV[1])
end
if redis.call('EXISTS', KEYS[1], KEYS[3]) == 0 then
  redis.call('UNLINK', KEYS[2])
else
  redis.call('HDEL', KEYS[2], ARGV[1])
  if redis.call('EXISTS', KEYS[3]) == 1 then
    redis.call('XADD', KEYS[5], 'MAXLEN', 1, '*', 'for', 'all')
    redis.call('PEXPIRE', KEYS[5], 60000)
  end
end
redis.call('SET', KEYS[6], '', 'PX', ARGV[2])
return 1
