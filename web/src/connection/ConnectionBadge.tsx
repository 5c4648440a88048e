import { formatCount } from "../ui/format";
import type { Status } from "./protocol";
import { statusWords } from "./statusWords";
import { useRate } from "./useRate";

/* Says whether what the page shows is up to date, and how much comes; a click
 * tells of the proxies that it comes from. */
export function ConnectionBadge({
  status,
  onClick,
}: {
  status: Status;
  onClick(): void;
}) {
  const title = status.reason
    ? `${status.reason}. Trying again.`
    : "How the proxies are doing";
  return (
    <button
      type="button"
      className={`badge is-${status.state}`}
      title={title}
      onClick={onClick}
    >
      {/* What is read out is the state; the rate changes all the time. */}
      <span role="status">{statusWords(status)}</span>
      {status.state === "live" && <Rate />}
    </button>
  );
}

function Rate() {
  const rate = useRate();
  return rate > 0 ? <span className="badge-rate">, {formatCount(rate)}/s</span> : null;
}
