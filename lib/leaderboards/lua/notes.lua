-- Adds the oldest notes of a partition to a reply.
local function with_notes(reply, notes, limit)
  if limit == '0' then return reply end
  for _, note in ipairs(redis.call('ZRANGE', notes, 0, limit - 1)) do reply[#reply + 1] = note end
  return reply
end
