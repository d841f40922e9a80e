const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const DAY = 24 * 60;
const WEEK = DAYS.length * DAY;
/** ElastiCache takes no shorter one. */
const SHORTEST = 60;

const CLOCK = "([01]\\d|2[0-3]):([0-5]\\d)";
const DAILY = new RegExp(`^${CLOCK}-${CLOCK}$`);
const WEEKLY = new RegExp(`^(${DAYS.join("|")}):${CLOCK}-(${DAYS.join("|")}):${CLOCK}$`);

const span = (start, end, round) => ({ start, minutes: (end - start + round) % round });
const clock = (hours, minutes) => Number(hours) * 60 + Number(minutes);

function daily(text) {
  const [, ...parts] = DAILY.exec(text) ?? [];
  return parts.length > 0 && span(clock(parts[0], parts[1]), clock(parts[2], parts[3]), DAY);
}

function weekly(text) {
  const [, from, ...rest] = WEEKLY.exec(text) ?? [];
  if (!from) return false;
  const [hours, minutes, to, ...end] = rest;
  const at = (day, time) => DAYS.indexOf(day) * DAY + time;
  return span(at(from, clock(hours, minutes)), at(to, clock(...end)), WEEK);
}

const isLongEnough = (window) => window && window.minutes >= SHORTEST;

/** Whether a window of every day, `03:00-04:00`, and one of the week, `sun:04:30-sun:05:30`, have a minute in common. */
function overlap(everyDay, everyWeek) {
  const [one, week] = [daily(everyDay), weekly(everyWeek)];
  const within = (start, other) => (start - other.start + WEEK) % WEEK < other.minutes;
  return DAYS.some((_, day) => {
    const today = { start: day * DAY + one.start, minutes: one.minutes };
    return within(today.start, week) || within(week.start, today);
  });
}

module.exports = {
  overlap,
  isDaily: (text) => isLongEnough(daily(text)),
  isWeekly: (text) => isLongEnough(weekly(text)),
};
