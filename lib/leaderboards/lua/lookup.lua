-- Reads some members of a window.
-- KEYS[1] board
-- KEYS[2] ranks
-- KEYS[3] stamps
-- KEYS[4] metadata
-- KEYS[5] levels
-- ARGV[1] version of the board
-- ARGV[2] start of the window's period, in milliseconds
-- ARGV[3] its end
-- ARGV[4..] members
-- => of each member: element, score, rank, metadata; all empty if it is not there
local refused, rules = visit(KEYS[1], ARGV[1], ARGV[2], ARGV[3])
if refused then return refused end
local described = redis.call('EXISTS', KEYS[4]) == 1
local reply = {}
for at = 4, #ARGV do
  local element, score = find(KEYS[2], KEYS[3], ARGV[at], rules.ties)
  local rank = element and place(KEYS[2], KEYS[5], rules.ranking, element, score)
  local metadata_text = element and described and redis.call('HGET', KEYS[4], ARGV[at])
  for _, value in ipairs({ element or '', score or '', tostring(rank or ''), metadata_text or '' }) do
    reply[#reply + 1] = value
  end
end
return reply
