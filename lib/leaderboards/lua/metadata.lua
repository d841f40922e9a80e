-- The metadata of each element in a list of elements and scores, empty where a member has none; or nothing, if nobody
-- has any.
local function metadata_of(metadata, rows, ties)
  if #rows == 0 or redis.call('EXISTS', metadata) == 0 then return {} end
  local members = {}
  for at = 1, #rows, 2 do
    members[#members + 1] = ties == 'member' and rows[at] or rows[at]:sub(14)
  end
  local found = redis.call('HMGET', metadata, unpack(members))
  for number, text in ipairs(found) do found[number] = text or '' end
  return found
end
