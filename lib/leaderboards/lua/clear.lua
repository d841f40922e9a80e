-- Forgets what a partition holds. Redis frees the memory in the background.
-- KEYS[1] board, of this partition
-- KEYS[2..] what to forget
-- ARGV[1] version of the board that is being deleted
-- ARGV[2] deleting | deleted
-- ARGV[3] milliseconds to remember that it was deleted
-- => 1
if tonumber(redis.call('HGET', KEYS[1], 'version') or 0) > tonumber(ARGV[1]) then return 1 end -- there is a new one
redis.call('UNLINK', unpack(KEYS, 2))
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'state', ARGV[2])
redis.call('HDEL', KEYS[1], 'clock', 'notes')
if ARGV[2] == 'deleted' then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return 1
