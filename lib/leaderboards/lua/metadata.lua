-- The metadata of every so many-th element of a list, empty where a member has none; or nothing, if nobody has any.
local function metadata_of(metadata, elements, step, ties)
  if #elements == 0 or redis.call('EXISTS', metadata) == 0 then return {} end
  local members = {}
  for at = 1, #elements, step do
    members[#members + 1] = ties == 'member' and elements[at] or elements[at]:sub(14)
  end
  local found = redis.call('HMGET', metadata, unpack(members))
  for number, text in ipairs(found) do found[number] = text or '' end
  return found
end
