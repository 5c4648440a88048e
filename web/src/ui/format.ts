/* How figures and times are written, everywhere on the page. */

const units = ["B", "kB", "MB", "GB", "TB"];

/* 0 B, 812 B, 1.9 kB, 48 kB, 1.2 MB: powers of 1,000, two digits at least. */
export function formatSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit > 0 && value < 9.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/* 0.4 ms, 9 ms, 41 ms, 1.2 s, 2 m 04 s, 3 h 12 m. */
export function formatDuration(ms: number): string {
  if (ms < 9.95) return `${Number(ms.toFixed(1))} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const pad = (n: number) => String(n).padStart(2, "0");
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${pad(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${pad(Math.floor((seconds % 3600) / 60))} m`;
}

const pad2 = (n: number) => String(n).padStart(2, "0");

let utc = false;

/* Times are told in UTC from now on, or in the reader's time zone. */
export function setUtc(on: boolean): void {
  utc = on;
}

/* A date whose UTC fields are those of the clock that times are told by. */
function clockOf(ms: number): Date {
  return new Date(utc ? ms : ms - new Date(ms).getTimezoneOffset() * 60_000);
}

/* 10:01:44.120 */
export function formatClock(ms: number): string {
  const date = clockOf(ms);
  const clock = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]
    .map(pad2)
    .join(":");
  return `${clock}.${String(date.getUTCMilliseconds()).padStart(3, "0")}`;
}

// Not by Intl, whose first format takes 20 ms, before the first row.
const weekdays = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");
const months =
  "January February March April May June July August September October November December".split(
    " ",
  );

/* Monday 23 November 2026 */
export function formatDay(ms: number): string {
  const date = clockOf(ms);
  const [weekday, month] = [weekdays[date.getUTCDay()], months[date.getUTCMonth()]];
  return `${weekday} ${date.getUTCDate()} ${month} ${date.getUTCFullYear()}`;
}

/* Mon 23 Nov 2026 */
export function formatDayShort(ms: number): string {
  return formatDay(ms).replace(/([A-Z][a-z]{2})[a-z]+/g, "$1");
}

/* now, 12 s ago, 4 min ago, 3 h ago, 5 d ago: shorter than a length of time
 * elsewhere, as it grows while it is read. */
export function formatAgo(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 1) return "now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/* 2026-11-23 10:01:44.120 */
export function formatDateTime(ms: number): string {
  const date = clockOf(ms);
  const day = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()]
    .map(pad2)
    .join("-");
  return `${day} ${formatClock(ms)}`;
}

/* One number for each day of the calendar. */
export function dayOf(ms: number): number {
  const date = clockOf(ms);
  return (
    date.getUTCFullYear() * 10000 + (date.getUTCMonth() + 1) * 100 + date.getUTCDate()
  );
}

/* With the date where that is not today's; without `cut`, its end. */
function formatRecent(ms: number, cut: string): string {
  const isToday = dayOf(ms) === dayOf(Date.now());
  return (isToday ? formatClock(ms) : formatDateTime(ms)).slice(0, -cut.length);
}

/* 10:01:44, or 2026-11-23 10:01:44 where that is not today. */
export function formatSecond(ms: number): string {
  return formatRecent(ms, ".000");
}

/* 10:01, or 2026-11-23 10:01 where that is not today. */
export function formatMinute(ms: number): string {
  return formatRecent(ms, ":00.000");
}

/* 1,204,331 */
export function formatCount(n: number): string {
  return String(n).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

export function plural(n: number, one: string): string {
  return `${formatCount(n)} ${one}${n === 1 ? "" : "s"}`;
}

/* Searching, back to 09:12 */
export function searching(backToMs: number): string {
  if (backToMs === 0) return "Searching\u2026";
  return `Searching, back to ${formatMinute(backToMs)}`;
}
