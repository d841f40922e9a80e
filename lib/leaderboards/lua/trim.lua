-- Removes notes that were followed.
-- KEYS[1] board, of this partition
-- KEYS[2] notes
-- ARGV[1] version of the board
-- ARGV[2..] notes
-- => how many went
local refused = visit(KEYS[1], ARGV[1], 0, math.huge)
if refused then return refused end
return redis.call('ZREM', KEYS[2], unpack(ARGV, 2))
