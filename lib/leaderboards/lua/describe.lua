-- Adds to a reply what became of each entry in one window.
local function describe(reply, ranks, levels, rules, outcomes)
  local at = #reply
  for _, outcome in ipairs(outcomes) do
    local one, score, changed = unpack(outcome)
    local element = one.element
    reply[at + 1] = element and score or ''
    reply[at + 2] = element and place(ranks, levels, rules.ranking, element, one.text) or ''
    reply[at + 3] = one.rank or ''
    reply[at + 4] = changed
    at = at + 4
    if rules.shared then -- their ranks have yet to be counted
      reply[at + 1] = element and one.text or ''
      reply[at + 2] = element or ''
      reply[at + 3] = one.was or ''
      reply[at + 4] = one.from or ''
      at = at + 4
    end
  end
end
