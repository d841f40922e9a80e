-- Ends sessions of a user.
-- KEYS[1] ends
-- KEYS[2] seen
-- ARGV[1] their names, separated by spaces
-- => how many of them there were
local ended = 0
for name in ARGV[1]:gmatch('%S+') do
  ended = ended + redis.call('ZREM', KEYS[1], name)
  redis.call('ZREM', KEYS[2], name)
end
return ended
