-- What a partition tells: here | elsewhere | gone, what came of the user; when they came and what they gave; how many
-- members there are, and how many of them gave something else than what most give; how many other partitions there are,
-- how many more members by the estimate, and what is counted by name, where there is anybody. `size` and `counted` are
-- these, if they are known already.
local function tally(members, given, counts, user, found, at, names, size, counted)
  size = size or redis.call('ZCARD', members)
  counted = counted or redis.call('HMGET', counts, ':partitions', ':estimate', unpack(names))
  if #names == 0 or size == 0 then return { found, at, '', size, 0, counted[1], counted[2] } end
  local gift = at and redis.call('HGET', given, user) or ''
  return { found, at, gift, size, redis.call('HLEN', given), unpack(counted) }
end
