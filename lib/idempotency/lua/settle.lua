-- Ends the run of a call: with its answer, or without, so that it may be run again.
-- KEYS[1] call
-- ARGV[1] seed with which it was claimed
-- ARGV[2] answer, sealed; empty if there is none
-- => 1
if ARGV[2] == '' then
  local owner = redis.call('HGET', KEYS[1], 'owner')
  if owner == ARGV[1] then redis.call('HSET', KEYS[1], 'till', 0, 'foretold', '') end
elseif redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('HSETNX', KEYS[1], 'answer', ARGV[2])
end
return 1
