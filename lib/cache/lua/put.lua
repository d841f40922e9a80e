-- Stores an entry if its condition holds and its lease, if it has one, is still the caller's.
-- KEYS[1] entry
-- KEYS[2] lease
-- KEYS[3] outcome of this very put, for a caller that lost the reply
-- ARGV[1] head of the new entry: JSON with a version that no other put has
-- ARGV[2] body
-- ARGV[3] milliseconds to keep
-- ARGV[4] nonce of the lease, or empty
-- ARGV[5] duration of the lease in milliseconds
-- ARGV[6] condition: JSON `{}`, `{"absent":true}` or `{"etags":[...]}`, where "*" is any
-- ARGV[7] present tokens of groups: JSON object, `{}` for none
-- ARGV[8] milliseconds to remember the outcome
-- => 'created' | 'replaced' | 'precondition_failed' | 'lease_lost', or the present head if its groups are not in ARGV[7]
local done = redis.call('GET', KEYS[3])
if done then return done end
if ARGV[4] ~= '' and redis.call('GET', KEYS[2]) ~= ARGV[4] then return 'lease_lost' end
local condition = cjson.decode(ARGV[6])
local old_head = redis.call('HGET', KEYS[1], 'head')
local old = old_head and cjson.decode(old_head)

-- Beyond its stale window an entry is only kept for errors: a plain GET would not find it.
local present = old and redis.call('PTTL', KEYS[1]) > math.max(0, (old.errorMs or 0) - (old.staleMs or 0))
if present and (condition.absent or condition.etags) then
  local tokens = cjson.decode(ARGV[7])
  for group, token in pairs(old.groups or {}) do
    if not tokens[group] then return old_head end
    if tokens[group] ~= token then present = false end
  end
end
local matches = present and not old.absent
if condition.absent and matches then return 'precondition_failed' end
if condition.etags then
  local met = false
  for _, etag in ipairs(condition.etags) do
    met = met or (matches and (etag == '*' or etag == old.etag))
  end
  if not met then return 'precondition_failed' end
end

local head = ARGV[1]
if ARGV[4] ~= '' then
  local entry = cjson.decode(head)
  entry.fillMs = tonumber(ARGV[5]) - redis.call('PTTL', KEYS[2])
  head = cjson.encode(entry)
end
local outcome = matches and 'replaced' or 'created'
-- First what takes memory: once a script has written, Redis no longer refuses it for want of memory.
redis.call('HSET', KEYS[1], 'head', head, 'body', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('UNLINK', KEYS[2])
redis.call('SET', KEYS[3], outcome, 'PX', ARGV[8])
return outcome
