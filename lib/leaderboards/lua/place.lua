-- The rank of an element by the board's way of counting, from 1.
local function place(ranks, levels, ranking, element, score)
  if ranking == 'ordinal' then return redis.call('ZRANK', ranks, element) + 1 end
  if ranking == 'dense' then return redis.call('ZCOUNT', levels, '-inf', '(' .. score) + 1 end
  return redis.call('ZCOUNT', ranks, '-inf', '(' .. score) + 1
end
