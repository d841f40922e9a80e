-- Takes a member off all windows.
-- KEYS[1] board
-- KEYS[2] outcome
-- KEYS[3] notes
-- KEYS[4..] of each window: ranks, stamps, metadata, levels
-- ARGV[1] version of the board
-- ARGV[2] member
-- ARGV[3] milliseconds to remember the outcome
-- ARGV[4..] period of each window
-- => 1
if redis.call('EXISTS', KEYS[2]) == 1 then return 1 end -- it has run already, and its reply was lost
local refused, rules = visit(KEYS[1], ARGV[1], 0, math.huge)
if refused then return refused end
for at = 4, #ARGV do
  local ranks = 4 * at - 12
  local element, score = find(KEYS[ranks], KEYS[ranks + 1], ARGV[2], rules.ties)
  if element then
    drop(KEYS[ranks], KEYS[ranks + 1], KEYS[ranks + 2], element, rules.ties)
    if rules.ranking == 'dense' then
      local gained = { [string.format('%.17g', score)] = -1 }
      settle(KEYS[1], KEYS[3], KEYS[ranks], KEYS[ranks + 3], ARGV[at], gained, rules)
    end
  end
end
redis.pcall('SET', KEYS[2], 1, 'PX', ARGV[3]) -- a full Redis must still forget
return 1
