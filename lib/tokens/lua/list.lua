-- Names a user's grants, newest first, and sweeps out those that have expired.
-- KEYS[1] ends
-- ARGV[1] name after which the page begins, or empty
-- ARGV[2] names to give
-- => names
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- A Redis that takes no writes is still read; but for a replica, which is not the one to ask.
local swept = redis.pcall('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if type(swept) == 'table' and swept.err:find('READONLY') then return swept end
-- A user has a bounded number of grants, and their names begin with the time.
local names = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf')
table.sort(names, function(a, b) return a > b end)
local page = {}
for _, name in ipairs(names) do
  if (ARGV[1] == '' or name < ARGV[1]) and #page < tonumber(ARGV[2]) then page[#page + 1] = name end
end
return page
