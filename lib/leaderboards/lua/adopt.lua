-- Makes a partition follow its board, unless it follows a later version already.
-- KEYS[1] board, of this partition
-- ARGV[1] version
-- ARGV[2..] the rules of the board: name and value of each
-- => 1
if tonumber(redis.call('HGET', KEYS[1], 'version') or 0) < tonumber(ARGV[1]) then
  redis.call('HSET', KEYS[1], 'version', ARGV[1], unpack(ARGV, 2))
  redis.call('PERSIST', KEYS[1])
end
return 1
