-- What a partition tells: 1 if the user belongs here, or 0; when the user came and what they gave; how many members there
-- are, and how many of them gave something else than what most give; what the fields of the counts have.
local function tally(here, at, members, given, counts, user, fields)
  local size, counted = redis.call('ZCARD', members), redis.call('HMGET', counts, unpack(fields))
  if #fields == 2 then return { here, at, '', size, 0, counted[1], counted[2] } end
  local gift = at and redis.call('HGET', given, user) or ''
  return { here, at, gift, size, redis.call('HLEN', given), unpack(counted) }
end
