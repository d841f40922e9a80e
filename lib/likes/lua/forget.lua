-- Takes subjects off the list of a user, who likes them no more. Not while a like of the user may be under way, which is
-- perhaps noted here and not yet there: whoever reads the list asks the subjects, and comes back later.
-- KEYS[1] liked
-- KEYS[2] recent
-- ARGV[1..] subjects
-- => how many of them were there
if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
local forgotten = redis.pcall('ZREM', KEYS[1], unpack(ARGV, 1))
-- A Redis that takes no writes is still read; but for a replica, which is not the one to ask.
if type(forgotten) == 'table' and not forgotten.err:find('READONLY') then return 0 end
return forgotten
