-- Grants locks, all at this moment or none. Who has to wait gets a place in the queue of each at this moment too, so that
-- no two can wait for each other.
-- KEYS[1] call with an idempotency key
-- KEYS[2..] of each lock: fence, holders, grants, queue, beats, wake
-- ARGV[1] claim: x and a digest if nobody may hold beside it, otherwise s and a digest
-- ARGV[2] `ticket` if it must be known already, the digest of a call with an idempotency key, or empty
-- ARGV[3] permits, 0 for as many as there are
-- ARGV[4] milliseconds to hold
-- ARGV[5] milliseconds in which a ticket must come back, 0 to take no place
-- ARGV[6] longest queue
-- ARGV[7] milliseconds to keep a fencing token
-- ARGV[8] milliseconds to remember the call
-- ARGV[9] owner
-- ARGV[10] nonce that the claim was made with
-- => `granted`, nonce, the time, of each lock fencing token and end; `held`, nonce, most that are before, milliseconds until something ends,
-- number of the lock that is in the way, text of its grant or empty, of each lock the last waking; `lost`, `reused`, `mismatch`, `full`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local permits, beat, isTicket = tonumber(ARGV[3]), tonumber(ARGV[5]), ARGV[2] == 'ticket'
local claim, nonce, call, isKnown = ARGV[1], ARGV[10], not isTicket and ARGV[2] ~= '' and ARGV[2], isTicket
if call then claim, nonce, isKnown = recall(KEYS[1], call, claim, nonce) end
if not claim then return { 'reused' } end
local given = { clock = time[1] * 1000000 + time[2], keep = ARGV[7], ends = now + ARGV[4], owner = ARGV[9], permits = permits }
local locks, held, waits, before, way, full, mismatched, standings = 0, 0, 0, 0, nil, false, false, {}
while KEYS[6 * locks + 2] do
  local at = 6 * locks + 2
  local standing = visit(KEYS[at], KEYS[at + 1], KEYS[at + 2], KEYS[at + 3], KEYS[at + 4], claim, permits, now)
  locks = locks + 1
  standings[locks] = standing
  held, waits, before = held + standing.holds, waits + standing.waits, math.max(before, standing.before)
  if not standing.room then way = way or locks end
  full = full or standing.waits == 0 and standing.before >= tonumber(ARGV[6])
  mismatched = mismatched or standing.mismatched
end
if held < locks then
  if isKnown and waits < locks then return { 'lost' } end
  if mismatched then return { 'mismatch' } end
  if way and full and beat > 0 then return { 'full' } end
end
if call then redis.call('SET', KEYS[1], call .. ' ' .. claim .. ' ' .. nonce, 'PX', ARGV[8]) end
local reply = (held == locks or not way) and { 'granted', nonce, now } or { 'held', nonce, before, math.huge, way, '' }
for lock, standing in ipairs(standings) do
  local at = 6 * lock - 4
  local first, second
  if held == locks then
    first, second = standing.grant:match('^%d+'), redis.call('ZSCORE', KEYS[at + 1], claim)
  elseif not way then
    first = grant(KEYS[at], KEYS[at + 1], KEYS[at + 2], KEYS[at + 3], KEYS[at + 4], claim, standing, given)
    second = string.format('%.0f', given.ends)
  else
    if beat > 0 then wait(KEYS[at + 2], KEYS[at + 3], KEYS[at + 4], claim, permits, now + beat) end
    first, reply[4] = watch(KEYS[at + 1], KEYS[at + 4], KEYS[at + 5], now, reply[4])
  end
  reply[#reply + 1], reply[#reply + 2] = first, second
end
local holder = reply[1] == 'held' and redis.call('ZRANGE', KEYS[6 * way - 3], 0, 0)[1]
if holder then reply[6] = redis.call('HGET', KEYS[6 * way - 2], holder) or '' end
return reply
