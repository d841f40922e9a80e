-- What is left when a member takes this back, or everything; nil if nothing is.
local function take(first, before, gift)
  local left = {}
  for word in (before == '' and first or before):gmatch('%S+') do
    if gift ~= '' and word ~= gift then left[#left + 1] = word end
  end
  local words = table.concat(left, ' ')
  if words ~= '' then return words ~= first and words or '' end
end
