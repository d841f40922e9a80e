-- Writes what `evaluate` found into a window. First what takes memory: once a script has written, Redis no longer
-- refuses it for want of memory.
local function store(ranks, stamps, one, ties)
  local element = one.member
  if ties ~= 'member' then
    -- 2^52 - 1 microseconds are the year 2112.
    local stamp = string.format('%013x', ties == 'first' and one.arrival or 4503599627370495 - one.arrival)
    redis.call('HSET', stamps, one.member, stamp)
    element = stamp .. one.member
  end
  redis.call('ZADD', ranks, one.text, element)
  if one.element and one.element ~= element then redis.call('ZREM', ranks, one.element) end
  one.element = element
end

local function apply(ranks, stamps, metadata, rules, held)
  for _, one in ipairs(held) do
    if one.arrival then store(ranks, stamps, one, rules.ties) end
    if one.metadata == 'null' then
      redis.call('HDEL', metadata, one.member)
    elseif one.metadata then
      redis.call('HSET', metadata, one.member, one.metadata)
    end
  end
end

-- Takes off who is worse than the best so many; gives them, each with its score.
local function trim(ranks, stamps, metadata, rules, held)
  local worst, evicted = redis.call('ZRANGE', ranks, rules.capacity, -1, 'WITHSCORES'), {}
  for at = 1, #worst, 2 do
    drop(ranks, stamps, metadata, worst[at], rules.ties)
    evicted[worst[at]] = true
  end
  for _, one in ipairs(held) do
    if evicted[one.element] then one.element = nil end
  end
  return worst
end

-- By how many members more each score is held than before.
local function gains(held, evicted)
  local gained = {}
  local function count(score, difference)
    score = string.format('%.17g', score)
    gained[score] = (gained[score] or 0) + difference
  end
  for _, one in ipairs(held) do
    if one.arrival then count(one.score, 1) end
    if one.arrival and one.was then count(one.was, -1) end
  end
  for at = 2, #evicted, 2 do count(evicted[at], -1) end
  return gained
end
