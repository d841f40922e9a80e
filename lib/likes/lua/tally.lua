-- What a partition tells: 1 if the user belongs here, or 0; when the user came and what they gave; how many members there
-- are, and how many of them gave something else than what most give; how many other partitions there are, how many more
-- members by the estimate, and what is counted by name. `size` and `counted` are these, if they are known already.
local function tally(here, at, members, given, counts, user, names, size, counted)
  size = size or redis.call('ZCARD', members)
  counted = counted or redis.call('HMGET', counts, ':partitions', ':estimate', unpack(names))
  if #names == 0 or size == 0 then return { here, at, '', size, 0, counted[1], counted[2] } end
  local gift = at and redis.call('HGET', given, user) or ''
  return { here, at, gift, size, redis.call('HLEN', given), unpack(counted) }
end
