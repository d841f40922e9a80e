-- Where a member is: its element and its score, nothing if it is not there. An element is the member, behind the time
-- at which it reached its score if that decides ties.
local function find(ranks, stamps, member, ties)
  local element = member
  if ties ~= 'member' then
    local stamp = redis.call('HGET', stamps, member)
    if not stamp then return end
    element = stamp .. member
  end
  local score = redis.call('ZSCORE', ranks, element)
  if score then return element, score end
end
