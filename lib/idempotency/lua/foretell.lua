-- Writes down the answer of a call that is being run, should nobody come to write how it ended: it never runs again.
-- KEYS[1] call
-- ARGV[1] seed with which it was claimed
-- ARGV[2] answer, sealed
-- => 1, or 0 when somebody else may be running it
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'foretold', ARGV[2])
return 1
