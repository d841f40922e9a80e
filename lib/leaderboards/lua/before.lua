-- How many elements come before a position, whether or not one is there. O(log n); if none is there and others have
-- its score, O(log n) for each halving of those.
local function precedes(one, other) -- by bytes, as Redis sorts; Lua would compare by the server's locale
  for at = 1, math.min(#one, #other) do
    local difference = one:byte(at) - other:byte(at)
    if difference ~= 0 then return difference < 0 end
  end
  return #one < #other
end

local function before(ranks, score, element)
  local there = redis.call('ZSCORE', ranks, element)
  if there and tonumber(there) == tonumber(score) then return redis.call('ZRANK', ranks, element) end
  local low = redis.call('ZCOUNT', ranks, '-inf', '(' .. score)
  local high = redis.call('ZCOUNT', ranks, '-inf', score)
  if low == high then return low end
  -- Whoever has just come is at an end.
  if precedes(redis.call('ZRANGE', ranks, high - 1, high - 1)[1], element) then return high end
  if precedes(element, redis.call('ZRANGE', ranks, low, low)[1]) then return low end
  while low < high do
    local middle = math.floor((low + high) / 2)
    if precedes(redis.call('ZRANGE', ranks, middle, middle)[1], element) then
      low = middle + 1
    else
      high = middle
    end
  end
  return low
end
