-- Keeps a key until two minutes after `till`, or longer if it was: whoever waits comes by before, and forgets.
local function outlive(key, till, is_new)
  till = till + 120000
  if is_new or redis.call('PEXPIRETIME', key) < till then redis.call('PEXPIREAT', key, till) end
end
