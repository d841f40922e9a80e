-- Reads an entry, and gives out the lease on filling it when it needs filling and nobody fills it.
-- KEYS[1] entry
-- KEYS[2] lease
-- ARGV[1] nonce of this caller: a repeated call finds its own lease again
-- ARGV[2] lease in milliseconds, 0 to only look
-- ARGV[3] -ln(random): the dice of the early refresh (XFetch)
-- ARGV[4] version of an entry known to be invalidated, or empty
-- => head | nil, body | nil, milliseconds left, 1 if the lease is the caller's, milliseconds left of a lease
local head, body = unpack(redis.call('HMGET', KEYS[1], 'head', 'body'))
local left = redis.call('PTTL', KEYS[1])
local entry = head and cjson.decode(head)
if entry and entry.version == ARGV[4] then
  redis.call('UNLINK', KEYS[1])
  head, body, entry, left = false, false, false, -2
end

local due = not entry
if entry then
  local fresh_left = left - math.max(entry.staleMs or 0, entry.errorMs or 0)
  -- The time a fill takes; a caller cannot react faster than it polls, so it is never taken for nothing.
  local fill = math.max(entry.fillMs or 0, math.min(1000, entry.freshMs / 10))
  due = fresh_left <= fill * tonumber(ARGV[3])
end

local granted = 0
if due and tonumber(ARGV[2]) > 0 then
  local taken = redis.pcall('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2])
  if type(taken) == 'table' and taken.err then
    if not taken.err:find('OOM') then return taken end -- a full Redis gives no lease, but it still reads
  elseif taken or redis.call('GET', KEYS[2]) == ARGV[1] then
    granted = 1
  end
end
return { head, body, left, granted, redis.call('PTTL', KEYS[2]) }
