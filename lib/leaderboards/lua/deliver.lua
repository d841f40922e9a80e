-- Follows notes of other partitions: who holds a score, and so which scores somebody has. A note that was followed
-- before is passed over, so any number of callers may bring the same. Then counts those scores.
-- KEYS[1] board, of this partition
-- KEYS[2] delivered
-- KEYS[3..] of each window: levels, holders
-- ARGV[1] version of the board
-- ARGV[2] start of the periods in which to count, in milliseconds
-- ARGV[3] their end
-- ARGV[4] number of notes
-- ARGV[5..] of each note: number of its partition, number of the note before it or 0, its own, number of its window, expiry in
-- milliseconds or 0, 1 if held, score; of each count: number of its window; better (than a score) | through (it) | holders (of
-- it); the score
-- => each count
local refused = visit(KEYS[1], ARGV[1], ARGV[2], ARGV[3])
if refused then return refused end
local counts, reply = 5 + 7 * ARGV[4], {}
for at = 5, counts - 1, 7 do
  local partition, levels, expiry, score = ARGV[at], 2 * ARGV[at + 3] + 1, ARGV[at + 4], ARGV[at + 6]
  local last = tonumber(redis.call('HGET', KEYS[2], partition) or 0)
  -- A call before this one may have been refused: what it brought has to be followed first.
  if tonumber(ARGV[at + 1]) <= last and last < tonumber(ARGV[at + 2]) then
    if not hold(KEYS[levels], KEYS[levels + 1], partition, score, ARGV[at + 5] == '1') then break end
    redis.call('HSET', KEYS[2], partition, ARGV[at + 2])
    for key = levels, expiry == '0' and 0 or levels + 1 do redis.call('PEXPIREAT', KEYS[key], expiry) end
  end
end
for at = counts, #ARGV, 3 do
  local levels, kind, score = 2 * ARGV[at] + 1, ARGV[at + 1], ARGV[at + 2]
  if kind == 'holders' then
    reply[#reply + 1] = redis.call('ZCOUNT', KEYS[levels + 1], score, score)
  else
    reply[#reply + 1] = redis.call('ZCOUNT', KEYS[levels], '-inf', kind == 'better' and '(' .. score or score)
  end
end
return reply
