/** Working days of the county's calendar: the holidays and make-up weekends of the pack, else Monday to Friday (R-ACC-4). */
import type { County, Day } from "./wire.ts";

const DAY_MS = 86_400_000;

type Calendar = Pick<County, "no_working_days" | "working_weekends">;

export function isWorking(day: Day, calendar: Calendar): boolean {
  if (calendar.working_weekends?.includes(day)) return true;
  if (calendar.no_working_days?.includes(day)) return false;
  const weekday = new Date(`${day}T00:00:00Z`).getUTCDay();
  return weekday !== 0 && weekday !== 6;
}

/** The last day that is still within `count` working days; the day of the event does not count. */
export function lastDay(from: Day, count: number, calendar: Calendar): Day {
  let day = from;
  for (let left = count; left > 0; ) {
    day = new Date(Date.parse(`${day}T00:00:00Z`) + DAY_MS).toISOString().slice(0, 10);
    if (isWorking(day, calendar)) left -= 1;
  }
  return day;
}
