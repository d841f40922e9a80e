-- Makes what a partition holds of some periods live as long as the board now says; what should be gone by now goes.
-- KEYS[1] board, of this partition
-- KEYS[2..] what is held
-- ARGV[1] version of the board
-- ARGV[2] 1 in the first partition, after all others
-- ARGV[3..] expiry of each, in milliseconds
-- => 1
local refused, rules = visit(KEYS[1], ARGV[1], 0, math.huge)
if refused then return refused end
for at = 3, #ARGV do
  if tonumber(ARGV[at]) * 1000 > rules.now then
    redis.call('PEXPIREAT', KEYS[at - 1], ARGV[at])
  else
    redis.call('UNLINK', KEYS[at - 1]) -- to expire at once would hold up everybody as long as it is large
  end
end
if ARGV[2] == '1' then redis.call('HDEL', KEYS[1], 'unkept') end
return 1
