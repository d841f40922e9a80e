-- Gives the token of a group, making one if there is none, and keeps it as long as the entry that will name it.
-- KEYS[1] group
-- ARGV[1] nonce for a new token
-- ARGV[2] milliseconds to keep it at least
-- => token
local token = redis.call('GET', KEYS[1])
if not token then
  token = '0.' .. ARGV[1]
  redis.call('SET', KEYS[1], token, 'PX', ARGV[2])
elseif redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return token
