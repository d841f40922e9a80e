-- Writes scores into all windows of a board, one entry after the other, at one moment.
-- KEYS[1] board
-- KEYS[2] outcome
-- KEYS[3] notes
-- KEYS[4..] of each window: ranks, stamps, metadata, levels
-- ARGV[1] version of the board
-- ARGV[2] start of the windows' periods, in milliseconds
-- ARGV[3] their end
-- ARGV[4] digest of the entries; empty for a call of which nobody knows but the caller, who has not sent it before
-- ARGV[5] milliseconds to remember the outcome
-- ARGV[6] microsecond of arrival, or empty for the server's
-- ARGV[7] number of windows
-- ARGV[8] how many notes to give
-- ARGV[9..] of each window: period, its expiry in milliseconds or 0; of each entry: member, score, metadata, place in the call
-- => for each window, of each entry: its score or empty, rank now, rank before, 1 if changed. Where there are partitions first
-- the start of the periods, the last note before and after; also of each entry score and element now and before; then notes
local outcome = ARGV[4] ~= '' and redis.call('GET', KEYS[2])
if outcome then
  local digest, reply = cmsgpack.unpack(outcome)
  if digest ~= '' and digest ~= ARGV[4] then return redis.status_reply('reused') end
  return with_notes(reply, KEYS[3], ARGV[8])
end
local refused, rules = visit(KEYS[1], ARGV[1], ARGV[2], ARGV[3])
if refused then return refused end
-- A function's clock may be wrong; one that is far ahead must not put its partition there for good.
local arrival = math.max(math.min(tonumber(ARGV[6]) or rules.now, rules.now + 1000000), rules.now - 1000000, rules.clock + 1)
local entries, windows, reply = {}, {}, rules.shared and { ARGV[2], rules.notes, 0 } or {}
for at = 9 + 2 * ARGV[7], #ARGV, 4 do
  local entry = { member = ARGV[at], text = ARGV[at + 1], score = tonumber(ARGV[at + 1]), arrival = arrival + ARGV[at + 3] }
  if ARGV[at + 2] ~= '' then entry.metadata = ARGV[at + 2] end
  entries[#entries + 1] = entry
end
for number = 1, tonumber(ARGV[7]) do
  local at = 4 * number
  local held, outcomes = evaluate(KEYS[at], KEYS[at + 1], KEYS[at + 3], rules, entries)
  if not held then return redis.status_reply('overflow') end
  windows[number] = { held, outcomes }
end
for number, window in ipairs(windows) do
  local at, period, expiry = 4 * number, ARGV[7 + 2 * number], ARGV[8 + 2 * number]
  apply(KEYS[at], KEYS[at + 1], KEYS[at + 2], rules, window[1])
  local trims = rules.capacity > 0 and not rules.shared
  local evicted = trims and trim(KEYS[at], KEYS[at + 1], KEYS[at + 2], rules, window[1]) or {}
  if rules.ranking == 'dense' then
    settle(KEYS[1], KEYS[3], KEYS[at], KEYS[at + 3], period, gains(window[1], evicted), rules)
  end
  for key = at, expiry == '0' and 0 or at + 3 do redis.call('PEXPIREAT', KEYS[key], expiry) end
  describe(reply, KEYS[at], KEYS[at + 3], rules, window[2])
end
redis.call('HSET', KEYS[1], 'used', 1, 'clock', entries[#entries].arrival)
if rules.shared then reply[3] = rules.notes end
redis.call('SET', KEYS[2], cmsgpack.pack(ARGV[4], reply), 'PX', ARGV[5])
return with_notes(reply, KEYS[3], ARGV[8])
