-- The half-life of a window in microseconds: an hour, a day, a week.
local function half_life(window)
  return ({ 3.6e9, 8.64e10, 6.048e11 })[window]
end
