-- Tells the claim and the nonce of a call with an idempotency key: what it made the first time, or these. And what it was answered
-- last, `granted` or `held`. If its place is over since, these follow: what was `held` may have been granted to its ticket and
-- given up, and must not come back. Nothing at all if the key came with another request.
local function recall(key, request, claim, nonce)
  local known = redis.call('GET', key)
  if not known then return claim, nonce, '' end
  local first, made, with, answered = known:match('^(%S+) (%S+) (%S+) (%S+)$')
  if first == request then return made, with, answered end
end
