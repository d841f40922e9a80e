-- Keeps the set of scores that somebody has; `gained` says by how many members more each score is held here than before.
-- Where a board has several partitions others may hold it too: then a note for the partition that keeps the score. Its
-- number is the microsecond or greater: also after a failover no number comes twice.
local function settle(board, notes, ranks, levels, period, gained, rules)
  for score, difference in pairs(gained) do
    local count = redis.call('ZCOUNT', ranks, score, score)
    local held = count > 0
    local changed = held ~= (count - difference > 0)
    if changed and rules.shared then
      rules.notes = math.max(rules.notes + 1, rules.now)
      local number = string.format('%.0f', rules.notes)
      redis.call('ZADD', notes, number, number .. ' ' .. period .. ' ' .. (held and 1 or 0) .. ' ' .. score)
      redis.call('HSET', board, 'notes', number)
    elseif changed and held then
      redis.call('ZADD', levels, score, score)
    elseif changed then
      redis.call('ZREM', levels, score)
    end
  end
end
