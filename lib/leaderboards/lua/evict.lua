-- Takes elements off a window that have no place among the best any more, if they are where they were; and looks who of some
-- members is there then.
-- KEYS[1] board
-- KEYS[2] notes
-- KEYS[3] ranks
-- KEYS[4] stamps
-- KEYS[5] metadata
-- KEYS[6] levels
-- ARGV[1] version of the board
-- ARGV[2] period of the window
-- ARGV[3] how many elements to take off
-- ARGV[4..] element and score of each; members
-- => the element of each member, or empty
local refused, rules = visit(KEYS[1], ARGV[1], 0, math.huge)
if refused then return refused end
local gained, reply, members = {}, {}, 4 + 2 * ARGV[3]
for at = 4, members - 1, 2 do
  local score = redis.call('ZSCORE', KEYS[3], ARGV[at])
  if score and tonumber(score) == tonumber(ARGV[at + 1]) then
    drop(KEYS[3], KEYS[4], KEYS[5], ARGV[at], rules.ties)
    local text = string.format('%.17g', score)
    gained[text] = (gained[text] or 0) - 1
  end
end
if rules.ranking == 'dense' then
  settle(KEYS[1], KEYS[2], KEYS[3], KEYS[6], ARGV[2], gained, rules)
end
for at = members, #ARGV do
  reply[#reply + 1] = find(KEYS[3], KEYS[4], ARGV[at], rules.ties) or ''
end
return reply
