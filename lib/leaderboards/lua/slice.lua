-- Reads members that follow each other, about a member, behind a position or from an index.
-- KEYS[1] board
-- KEYS[2] ranks
-- KEYS[3] stamps
-- KEYS[4] metadata
-- KEYS[5] levels
-- ARGV[1] version of the board
-- ARGV[2] start of the window's period, in milliseconds
-- ARGV[3] its end
-- ARGV[4] best score to read
-- ARGV[5] worst score to read
-- ARGV[6] how many to read before the place
-- ARGV[7] how many from there on
-- ARGV[8] member | behind | index
-- ARGV[9] the member, the element of the position, or the index
-- ARGV[10] score of the position, or empty
-- => element and score of each; metadata of each, or nothing; how many these are, how many members in all, the index of the
-- first, how many have a better score than it and than the position, how many better scores than its own somebody has
local refused, rules = visit(KEYS[1], ARGV[1], ARGV[2], ARGV[3])
if refused then return refused end
local size = redis.call('ZCARD', KEYS[2])
local first, stop = 0, size
if ARGV[4] ~= '-inf' then first = redis.call('ZCOUNT', KEYS[2], '-inf', '(' .. ARGV[4]) end
if ARGV[5] ~= '+inf' then stop = redis.call('ZCOUNT', KEYS[2], '-inf', ARGV[5]) end
local index, score = nil, ARGV[10]
if ARGV[8] == 'member' then
  local element
  element, score = find(KEYS[2], KEYS[3], ARGV[9], rules.ties)
  if not element then return redis.status_reply('absent') end
  index = redis.call('ZRANK', KEYS[2], element)
elseif ARGV[8] == 'behind' then
  index = before(KEYS[2], score, ARGV[9])
  local there = redis.call('ZSCORE', KEYS[2], ARGV[9])
  if there and tonumber(there) == tonumber(score) then index = index + 1 end
else
  index = math.min(first + ARGV[9], stop)
end
first = math.max(first, index - ARGV[6])
stop = math.min(stop, index + ARGV[7])

local reply = first < stop and redis.call('ZRANGE', KEYS[2], first, stop - 1, 'WITHSCORES') or {}
local rows, better, ahead, levels = #reply / 2, 0, 0, 0
if rules.ranking ~= 'ordinal' then
  if score ~= '' then ahead = redis.call('ZCOUNT', KEYS[2], '-inf', '(' .. score) end
  if rows > 0 then better = redis.call('ZCOUNT', KEYS[2], '-inf', '(' .. reply[2]) end
  if rows > 0 and rules.ranking == 'dense' then levels = redis.call('ZCOUNT', KEYS[5], '-inf', '(' .. reply[2]) end
end
for _, value in ipairs(metadata_of(KEYS[4], reply, rules.ties)) do reply[#reply + 1] = value end
for _, value in ipairs({ rows, size, first, better, ahead, levels }) do reply[#reply + 1] = value end
return reply
