-- The rules of a board and the microsecond, for an operation that may go on as it was asked. If not, why: the board is
-- not what the caller knows, or its clock puts the caller into another period.
local function visit(board, version, starts, ends)
  local known, update, ties, ranking, partitions, capacity, clock, notes = unpack(redis.call('HMGET', board, 'version',
    'update', 'ties', 'ranking', 'partitions', 'capacity', 'clock', 'notes'))
  if known ~= version then return redis.status_reply('stale') end
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  if now < tonumber(starts) or now >= tonumber(ends) then return redis.status_reply('moved ' .. now) end
  local rules = { update = update, ties = ties, ranking = ranking, capacity = tonumber(capacity) }
  rules.shared = partitions ~= '1' -- with other partitions, which may be on other nodes
  rules.clock = tonumber(clock) or 0 -- the last microsecond at which an entry arrived
  rules.notes = tonumber(notes) or 0 -- the number of the last note
  rules.now = time[1] * 1000000 + time[2]
  return nil, rules
end
