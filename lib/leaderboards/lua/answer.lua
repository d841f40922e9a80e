-- Remembers how the entries of an idempotency key were answered.
-- KEYS[1] outcome
-- ARGV[1] answer
-- => 1
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSETNX', KEYS[1], 'answer', ARGV[1]) end
return 1
