-- Grants locks, all at this moment or none. Who has to wait gets a place in the queue of each at this moment too, so that
-- no two can wait for each other.
-- KEYS[1] call with an idempotency key
-- KEYS[2..] of each lock: fence, holders, grants, queue, beats, wake
-- ARGV[1] claim: x and a digest if nobody may hold beside it, otherwise s and a digest
-- ARGV[2] `ticket` if it must hold or wait already, otherwise empty
-- ARGV[3] digest of a call with an idempotency key, or empty
-- ARGV[4] permits, 0 for as many as there are
-- ARGV[5] milliseconds to hold
-- ARGV[6] milliseconds in which a ticket must come back, 0 to take no place
-- ARGV[7] longest queue
-- ARGV[8] milliseconds to keep a fencing token
-- ARGV[9] milliseconds to remember the call, and for as long as its ticket at least
-- ARGV[10] owner
-- ARGV[11] nonce that the claim was made with
-- => `granted`, nonce, the time, of each lock fencing token and end; `held`, nonce, most that are before, milliseconds until something ends,
-- number of the lock that is in the way, text of its grant or empty, of each lock the last waking; `lost`, `reused`, `mismatch`, `full`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local claim, known, call, permits, beat, nonce = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[6]), ARGV[11]
if call ~= '' then claim, nonce, known = recall(KEYS[1], call, claim, nonce) end
if not claim then return { 'reused' } end
local given = { clock = time[1] * 1000000 + time[2], keep = ARGV[8], ends = now + ARGV[5], owner = ARGV[10], permits = permits }
local locks, held, waits, before, way, full, mismatched, standings = 0, 0, 0, 0, nil, false, false, {}
while KEYS[6 * locks + 2] do
  local at = 6 * locks + 2
  local standing = visit(KEYS[at], KEYS[at + 1], KEYS[at + 2], KEYS[at + 3], KEYS[at + 4], claim, permits, now)
  locks = locks + 1
  standings[locks] = standing
  held, waits, before = held + standing.holds, waits + standing.waits, math.max(before, standing.before)
  if not standing.room then way = way or locks end
  full = full or standing.waits == 0 and standing.before >= tonumber(ARGV[7])
  mismatched = mismatched or standing.mismatched
end
if held < locks then
  if known == 'held' and held + waits == 0 then claim, nonce, known = ARGV[1], ARGV[11], '' end
  if known ~= '' and waits < locks then return { 'lost' } end
  if mismatched then return { 'mismatch' } end
  if way and full and beat > 0 then return { 'full' } end
end
local reply = (held == locks or not way) and { 'granted', nonce, now } or { 'held', nonce, before, math.huge, way, '' }
local remember = reply[1] == 'held' and math.max(ARGV[9], beat) or ARGV[9]
if call ~= '' then redis.call('SET', KEYS[1], table.concat({ call, claim, nonce, reply[1] }, ' '), 'PX', remember) end
for lock, standing in ipairs(standings) do
  local at, first, second = 6 * lock - 4
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
