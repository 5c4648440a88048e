import type { Status } from "./protocol";

function words(status: Status): string {
  if (status.state === "live") return "Live";
  if (status.state === "connecting") return "Connecting";
  const time = new Date(status.since);
  const clock = time.toLocaleTimeString("en-GB");
  return status.since ? `Offline since ${clock}` : "Offline";
}

/* Says whether what the page shows is up to date. */
export function ConnectionBadge({ status }: { status: Status }) {
  const title = status.reason ? `${status.reason}. Trying again.` : "";
  return (
    <span className={`badge is-${status.state}`} role="status" title={title}>
      {words(status)}
    </span>
  );
}
