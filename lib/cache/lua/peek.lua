-- Reads an entry, leaving out a body that is larger than the caller can take.
-- KEYS[1] entry
-- ARGV[1] largest body in bytes, as the caller will see it
-- => head | nil, body | nil, milliseconds left
local head = redis.call('HGET', KEYS[1], 'head')
if not head then return { false, false, -2 } end
local fits = cjson.decode(head).size <= tonumber(ARGV[1])
return { head, fits and redis.call('HGET', KEYS[1], 'body'), redis.call('PTTL', KEYS[1]) }
