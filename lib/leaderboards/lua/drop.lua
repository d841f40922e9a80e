-- Takes an element off a window, with all that belongs to its member.
local function drop(ranks, stamps, metadata, element, ties)
  local member = ties == 'member' and element or element:sub(14)
  redis.call('ZREM', ranks, element)
  redis.call('HDEL', stamps, member)
  redis.call('HDEL', metadata, member)
end
