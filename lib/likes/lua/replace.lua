-- Writes down what a member gives, and counts it. First what frees memory: from then on a full Redis takes the rest.
local function replace(given, counts, user, before, after)
  if before == after then return end
  redis.call('HDEL', given, user)
  for sign, words in pairs({ [1] = after, [-1] = before }) do
    for word in words:gmatch('%S+') do
      local claps = word:match('^%d+$') -- for tonumber `inf` and `nan` are numbers, too
      redis.call('HINCRBY', counts, claps and ':claps' or word, sign * (claps or 1))
    end
  end
  if after ~= '' then redis.call('HSET', given, user, after) end
end
