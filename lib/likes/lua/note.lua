-- Notes in the list of a user that they like a subject, unless it is there already: then that they say so again.
-- KEYS[1] liked
-- KEYS[2] recent
-- ARGV[1] subject
-- ARGV[2] milliseconds in which every part of this call has ended
-- ARGV[3] subjects that a list may have
-- => 1
if redis.call('ZADD', KEYS[1], 'NX', now(), ARGV[1]) == 1 then
  redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -ARGV[3] - 1)
else
  redis.call('SET', KEYS[2], 1, 'PX', ARGV[2])
end
return 1
