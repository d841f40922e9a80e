-- Reads who is worst in a window, if there may be more than are kept.
-- KEYS[1] board
-- KEYS[2] ranks
-- ARGV[1] version of the board
-- ARGV[2] start of the window's period, in milliseconds
-- ARGV[3] its end
-- ARGV[4] how many members this partition has at least, if the board is full
-- ARGV[5] how many to read
-- => how many members there are; element and score of each, the worst first
local refused = visit(KEYS[1], ARGV[1], ARGV[2], ARGV[3])
if refused then return refused end
local size = redis.call('ZCARD', KEYS[2])
if size < tonumber(ARGV[4]) then return { size } end
local reply = redis.call('ZREVRANGE', KEYS[2], 0, ARGV[5] - 1, 'WITHSCORES')
table.insert(reply, 1, size)
return reply
