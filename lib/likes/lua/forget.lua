-- Takes subjects off the list of a user, who likes them no more. Not while a like of the user may be under way, which is
-- perhaps noted here and not yet there: whoever reads the list asks the subjects, and comes back later.
-- KEYS[1] liked
-- KEYS[2] recent
-- ARGV[1] milliseconds in which every part of a like has ended
-- ARGV[2..] subjects
-- => how many of them were there
if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
local noted_before, forgotten = now() - ARGV[1] * 1000, 0
for index = 2, #ARGV do
  local noted = redis.call('ZSCORE', KEYS[1], ARGV[index])
  if noted and tonumber(noted) < noted_before then
    -- A Redis that takes no writes is still read; but for a replica, which is not the one to ask.
    local removed = redis.pcall('ZREM', KEYS[1], ARGV[index])
    if type(removed) == 'number' then forgotten = forgotten + removed elseif removed.err:find('READONLY') then return removed end
  end
end
return forgotten
