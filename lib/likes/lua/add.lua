-- What a user has given who gives this too; `before` is nothing for somebody new. It is words: reactions, or a number of
-- claps. Empty is what most give, the first reaction or one clap: it takes no memory.
local function add(kind, first, before, gift)
  if gift == '' then return before or '' end
  if kind ~= 'several' or not before then return gift ~= first and gift or '' end
  local words = before == '' and first or before
  if (' ' .. words .. ' '):find(' ' .. gift .. ' ', 1, true) then return before end
  return words .. ' ' .. gift
end
