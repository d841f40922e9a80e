-- What a call makes of each of its members in one window, and nothing is written yet: `held`, in the order of their first
-- entries; and of each entry whose it is, the score and whether it changed. Nothing if a sum grows beyond all doubles.
local function updated(update, present, submitted)
  if not present or update == 'last' then return submitted end
  if update == 'sum' then return present + submitted end
  return update == 'min' and math.min(present, submitted) or math.max(present, submitted)
end

local function evaluate(ranks, stamps, levels, rules, entries)
  local known, held, outcomes = {}, {}, {}
  local always = rules.update == 'last' or rules.update == 'sum'
  for number = 1, #entries do
    local entry = entries[number]
    local one = known[entry.member]
    if not one then
      local element, text = find(ranks, stamps, entry.member, rules.ties)
      one = { member = entry.member, element = element, text = text, score = tonumber(text), from = element, was = text }
      if element then one.rank = place(ranks, levels, rules.ranking, element, text) end
      known[entry.member] = one
      held[#held + 1] = one
    end
    local score = updated(rules.update, one.score, entry.score)
    if math.abs(score) == math.huge then return end
    local changed = score ~= one.score
    if changed then
      one.score, one.arrival = score, entry.arrival
      one.text = score == entry.score and entry.text or string.format('%.17g', score)
    end
    if changed or always then one.metadata = entry.metadata or one.metadata end
    outcomes[number] = { one, one.text, changed and 1 or 0 }
  end
  return held, outcomes
end
