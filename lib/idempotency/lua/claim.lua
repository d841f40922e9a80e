-- Binds an idempotency key to the call with which it came first, and lets one at a time run it.
-- KEYS[1] call
-- ARGV[1] digest of the request
-- ARGV[2] seed, sealed: no two callers have the same
-- ARGV[3] milliseconds for which nobody else may run it
-- ARGV[4] milliseconds to remember it
-- => `claimed` and the seed, `answered` and the answer, `running`, or `reused`
local digest, seed, owner, till, answer, foretold =
  unpack(redis.call('HMGET', KEYS[1], 'digest', 'seed', 'owner', 'till', 'answer', 'foretold'))
if digest and digest ~= ARGV[1] then return { 'reused', '' } end
if answer then return { 'answered', answer } end
if owner == ARGV[2] then return { 'claimed', seed } end -- it has run already, and its reply was lost
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if till and tonumber(till) > now then return { 'running', '' } end
if foretold and foretold ~= '' then return { 'answered', foretold } end -- how it ended was never written down
seed = seed or ARGV[2]
redis.call('HSET', KEYS[1], 'digest', ARGV[1], 'seed', seed, 'owner', ARGV[2], 'till', now + ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4], 'NX') -- counted from the first run: what that made may end as soon
return { 'claimed', seed }
