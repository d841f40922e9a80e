-- Ends a grant for whoever holds one of its refresh tokens, the present or any former.
-- KEYS[1] grant
-- KEYS[2] ends
-- ARGV[1] name of the grant
-- ARGV[2] digest of the family's secret
-- ARGV[3] milliseconds to remember it: an issue that is sent again must not begin it anew
-- => 1 if it ended, 0 if the token is none of it
if redis.call('HGET', KEYS[1], 'family') ~= ARGV[2] then return 0 end
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3], 'LT')
return 1
