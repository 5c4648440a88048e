// [[YYYY-]MM-DD] [HH:MM[:SS[.mmm]]]
const form =
  /^(?:(?:(\d{4})-)?(\d{1,2})-(\d{1,2}))?[ T]*(?:(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,3}))?)?)?$/;

/*
 * The moment that a reader means, ms since the epoch: "10:01", "10:01:44.120",
 * "11-23 10:01", "2026-11-23", "2026-11-23 10:01"; null: none that is known.
 * A time of day alone is the last such time before `now`.
 */
export function readMoment(text: string, now: number): number | null {
  const match = form.exec(text.trim());
  if (!match || match[0] === "") return null;
  const part = (at: number) => (match[at] === undefined ? null : Number(match[at]));
  const [year, month, day] = [part(1), part(2), part(3)];
  const [hour, minute, second] = [part(4) ?? 0, part(5) ?? 0, part(6) ?? 0];
  const ms = Number((match[7] ?? "0").padEnd(3, "0"));
  if (hour > 23 || minute > 59 || second > 59) return null;
  const date = new Date(now);
  if (month !== null && day !== null) {
    if (month < 1 || month > 12 || day < 1 || day > 31) return null;
    date.setFullYear(year ?? date.getFullYear(), month - 1, day);
  }
  date.setHours(hour, minute, second, ms);
  if (date.getTime() > now && month === null) date.setDate(date.getDate() - 1);
  else if (date.getTime() > now && year === null)
    date.setFullYear(date.getFullYear() - 1);
  return date.getTime();
}
