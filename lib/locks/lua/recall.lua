-- Tells the claim and the nonce of a call with an idempotency key, and whether it is known: what it made the first time, or these.
-- Nothing if the key came with another request.
local function recall(key, request, claim, nonce)
  local known = redis.call('GET', key)
  if not known then return claim, nonce, false end
  local first, made, with = known:match('^(%S+) (%S+) (%S+)$')
  if first == request then return made, with, true end
end
