-- Reads the notes that a partition has, and how far it has followed those of the others.
-- KEYS[1] board, of this partition
-- KEYS[2] notes
-- KEYS[3] delivered
-- ARGV[1] version of the board
-- ARGV[2] how many notes to give
-- ARGV[3..] numbers of all partitions
-- => for each partition the number of its last note that was followed, or nothing; then the oldest notes
local refused = visit(KEYS[1], ARGV[1], 0, math.huge)
if refused then return refused end
local reply = redis.call('HMGET', KEYS[3], unpack(ARGV, 3))
for at = 1, #reply do reply[at] = reply[at] or '' end
return with_notes(reply, KEYS[2], ARGV[2])
