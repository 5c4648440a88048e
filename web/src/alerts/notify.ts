import type { AlarmMessage } from "../connection/client";
import { visibleLine } from "../ui/captured";
import { formatCount } from "../ui/format";
import type { Say } from "../ui/notice";

/* Browsers show notifications of pages from a secure origin only. */
export function notificationState(): NotificationPermission | "insecure" {
  if (!globalThis.isSecureContext || typeof Notification === "undefined")
    return "insecure";
  return Notification.permission;
}

export function notify(
  { filter, row, count }: AlarmMessage,
  reader: { say: Say; open(number: number): void },
): void {
  const what = `${row.badge} ${row.host}${row.path}`;
  const body = count === 1 ? what : `${formatCount(count)} flows, the last: ${what}`;
  const title = `Matches ${visibleLine(filter)}`;
  if (notificationState() !== "granted") return reader.say(`${title}: ${body}`);
  // One for each filter: a newer one takes the place of the one before.
  const shown = new Notification(title, { body, tag: `mitmflow ${filter}` });
  shown.onclick = () => {
    globalThis.focus();
    reader.open(row.number);
    shown.close();
  };
}
