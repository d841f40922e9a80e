-- How many there are before each of some positions in a window.
-- KEYS[1] board
-- KEYS[2] what to count: ranks or levels
-- ARGV[1] version of the board
-- ARGV[2] start of the window's period, in milliseconds
-- ARGV[3] its end
-- ARGV[4..] of each position: better (than its score) | through (its score) | before (its element too), score, element
-- => how many there are in all, how many for each position
local refused = visit(KEYS[1], ARGV[1], ARGV[2], ARGV[3])
if refused then return refused end
local reply = { redis.call('ZCARD', KEYS[2]) }
for at = 4, #ARGV, 3 do
  local score, count = ARGV[at + 1], nil
  if ARGV[at] == 'before' then
    count = before(KEYS[2], score, ARGV[at + 2])
  else
    count = redis.call('ZCOUNT', KEYS[2], '-inf', ARGV[at] == 'better' and '(' .. score or score)
  end
  reply[#reply + 1] = count
end
return reply
