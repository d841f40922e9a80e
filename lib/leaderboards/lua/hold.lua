-- Writes down whether a partition holds a score, and so whether anybody does. Nothing if Redis takes no writes now.
local function hold(levels, holders, partition, score, held)
  local holder = partition .. ' ' .. score
  if held then
    local written = redis.pcall('ZADD', holders, score, holder)
    return type(written) == 'number' and redis.call('ZADD', levels, score, score)
  end
  local written = redis.pcall('ZREM', holders, holder)
  if type(written) ~= 'number' then return end
  if redis.call('ZCOUNT', holders, score, score) == 0 then redis.call('ZREM', levels, score) end
  return written
end
