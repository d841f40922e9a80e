-- Reads a partition.
-- KEYS[1] members
-- KEYS[2] given
-- KEYS[3] counts
-- ARGV[1] user, or empty
-- ARGV[2..] names to count by
-- => the tally
local at = ARGV[1] ~= '' and redis.call('ZSCORE', KEYS[1], ARGV[1])
return tally(KEYS[1], KEYS[2], KEYS[3], ARGV[1], 'here', at, { unpack(ARGV, 2) })
