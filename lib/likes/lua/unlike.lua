-- Takes a reaction of a member back, or all; who has given nothing else is a member no more.
-- KEYS[1] members
-- KEYS[2] given
-- KEYS[3] counts
-- KEYS[4] done
-- KEYS[5] trending by the hour
-- KEYS[6] by the day
-- KEYS[7] by the week
-- ARGV[1] user
-- ARGV[2] reaction, or empty for all that was given
-- ARGV[3] what most give: the first reaction, or 1
-- ARGV[4] subject
-- ARGV[5] milliseconds to remember that this has run
-- ARGV[6..] fields of the counts: :partitions, :estimate first
-- => the tally
local fields = { unpack(ARGV, 6) }
local at = redis.call('ZSCORE', KEYS[1], ARGV[1])
local partitions, estimate = unpack(redis.call('HMGET', KEYS[3], ':partitions', ':estimate'))
if redis.call('EXISTS', KEYS[4]) == 0 then -- else it has run already, and its reply was lost
  if not at and partitions or estimate then
    return tally(0, KEYS[1], KEYS[2], KEYS[3], ARGV[1], fields)
  end
  redis.pcall('SET', KEYS[4], 1, 'PX', ARGV[5]) -- a full Redis must still forget
  if at then
    local before = redis.call('HGET', KEYS[2], ARGV[1]) or ''
    local left = take(ARGV[3], before, ARGV[2])
    if not left then redis.call('ZREM', KEYS[1], ARGV[1]) end
    replace(KEYS[2], KEYS[3], ARGV[1], before, left or '')
    if not left then
      for window = 1, 3 do untrend(KEYS[4 + window], window, ARGV[4], at) end
    end
  end
end
return tally(1, KEYS[1], KEYS[2], KEYS[3], ARGV[1], fields)
