import { toRow } from "../connection/row";
import type { Flow } from "../gen/mitmflow/v1/mitmflow_pb";
import { formatDateTime } from "../ui/format";

/* Which flow it is, in a line. */
export function Name({ flow }: { flow: Flow }) {
  if (!flow.summary) return null;
  const row = toRow(flow.summary);
  return (
    <p>
      <b>{row.badge}</b> <span className={`tone-${row.tone}`}>{row.status}</span>{" "}
      <bdi>{`${row.host}${row.path}${row.query}`}</bdi>
      <span className="dim"> {row.startMs ? formatDateTime(row.startMs) : ""}</span>
    </p>
  );
}
