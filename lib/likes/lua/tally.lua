-- What a partition has: 1 if the user belongs here, or 0; when the user came and what they gave; how many members, and
-- how many of them gave something else than what most give; the fields of the counts.
local function tally(here, members, given, counts, user, fields)
  local at = user ~= '' and redis.call('ZSCORE', members, user)
  local size, counted = redis.call('ZCARD', members), redis.call('HMGET', counts, unpack(fields))
  if #fields == 2 then return { here, at, '', size, 0, unpack(counted) } end
  local gift = at and redis.call('HGET', given, user) or ''
  return { here, at, gift, size, redis.call('HLEN', given), unpack(counted) }
end
