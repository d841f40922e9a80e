-- Tells how large a key is: measured by Redis where it may be, and otherwise estimated from one of its members. A list's
-- are not looked at: they may be large, and whoever reads them keeps everybody waiting.
-- KEYS[1] any key
-- => {type, bytes, 1 if they are measured and 0 if they are estimated}; `none` for a key that is not there
local SAMPLES = 5
local AROUND = { key = 120, field = 64, member = 96, element = 64, entry = 128 }

local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'none' then return { kind, 0, 0 } end
-- It does not count as a use of the key. Where the command is refused, the reply is an error.
local measured = redis.pcall('MEMORY', 'USAGE', KEYS[1], 'SAMPLES', SAMPLES)
if type(measured) == 'number' then return { kind, measured, 1 } end

local estimates = {
  string = function() return redis.call('STRLEN', KEYS[1]) end,
  hash = function()
    local field = redis.call('HRANDFIELD', KEYS[1]) or ''
    return redis.call('HLEN', KEYS[1]) * (AROUND.field + #field + redis.call('HSTRLEN', KEYS[1], field))
  end,
  zset = function() return redis.call('ZCARD', KEYS[1]) * (AROUND.member + #redis.call('ZRANDMEMBER', KEYS[1])) end,
  set = function() return redis.call('SCARD', KEYS[1]) * (AROUND.field + #redis.call('SRANDMEMBER', KEYS[1])) end,
  list = function() return redis.call('LLEN', KEYS[1]) * AROUND.element end,
  stream = function() return redis.call('XLEN', KEYS[1]) * AROUND.entry end,
}

local estimate = estimates[kind]
return { kind, math.ceil(AROUND.key + (estimate and estimate() or 0)), 0 }
