-- Marks a board as one that has scores: what they rest on cannot change from here.
-- KEYS[1] board
-- ARGV[1] version of the board
-- => 1
local refused = visit(KEYS[1], ARGV[1], 0, math.huge)
if refused then return refused end
redis.call('HSET', KEYS[1], 'used', 1)
return 1
