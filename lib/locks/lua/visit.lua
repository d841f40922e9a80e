-- Tells how a claim stands at a lock, after those were forgotten whose time is over.
local function visit(fence, holders, grants, queue, beats, claim, permits, now)
  local idle = { isIdle = true, holding = 0, holds = 0, waits = 0, before = 0, room = true }
  if redis.call('EXISTS', holders, grants, queue, beats) == 0 then return idle end
  -- Changes nothing, but a full Redis refuses it, as it refuses nothing any more once a script has written.
  redis.call('SETRANGE', fence, 0, '')
  if not forget(holders, grants, queue, beats, now) then return idle end
  return stand(holders, grants, queue, claim, permits)
end
