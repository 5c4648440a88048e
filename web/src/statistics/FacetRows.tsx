import { useRef, useState } from "react";
import type { FacetKind } from "../gen/mitmflow/v1/mitmflow_pb";
import { visibleName } from "../ui/captured";
import { formatCount, formatDuration, plural } from "../ui/format";
import { showMore } from "../ui/handOver";
import { clauseOf, hasClause, toggled } from "./clauses";

export interface Value {
  value: string;
  count: number;
  errors: number;
  /* ms; 0: not known. */
  p50: number;
  p95: number;
}

interface Props {
  title: string;
  kind: FacetKind;
  values: readonly Value[];
  /* Flows with other values. */
  others: number;
  filter: string;
  onFilter(filter: string): void;
  /* What a row is about, and how long its bar is. */
  by?: "count" | "errors";
  tone?(value: string): string;
  withTimes?: boolean;
}

const shortLength = 6;

function wordsOf({ value, count, errors, p50, p95 }: Value, withTimes: boolean): string {
  const wrong = errors > 0 ? `, ${formatCount(errors)} with errors` : "";
  const times =
    withTimes && p95 > 0
      ? `, half within ${formatDuration(p50)}, 95% within ${formatDuration(p95)}`
      : "";
  return `${visibleName(value)}: ${plural(count, "flow")}${wrong}${times}`;
}

/* Values with bars; each narrows the filter to its flows. */
export function FacetRows(props: Props) {
  const { title, values, others, by = "count", withTimes = false } = props;
  const [isWhole, setWhole] = useState(false);
  const list = useRef<HTMLUListElement>(null);
  if (values.length === 0) return null;
  const most = Math.max(...values.map((value) => value[by]));
  const shown = isWhole ? values : values.slice(0, shortLength);
  const rest = values.length - shown.length;
  return (
    <section aria-label={title} className="stat">
      <h3>
        {title}
        {withTimes && <small>p95</small>}
        <small className="stat-count">{by === "count" ? "flows" : "errors"}</small>
      </h3>
      <ul ref={list}>
        {shown.map((item) => (
          <li key={item.value}>
            <FacetRow item={item} share={item[by] / most} {...props} />
          </li>
        ))}
      </ul>
      {rest > 0 && (
        <button
          type="button"
          className="link"
          onClick={() => showMore(list.current, () => setWhole(true))}
        >
          {formatCount(rest)} more
        </button>
      )}
      {rest === 0 && others > 0 && (
        <p className="dim">{plural(others, "flow")} of others</p>
      )}
    </section>
  );
}

function FacetRow(props: Props & { item: Value; share: number }) {
  const { item, share, kind, filter, onFilter, by = "count", tone, withTimes } = props;
  const words = wordsOf(item, withTimes === true);
  return (
    <button
      type="button"
      className={tone ? `stat-row tone-${tone(item.value)}` : "stat-row"}
      aria-pressed={hasClause(filter, clauseOf(kind, item.value))}
      onClick={() => onFilter(toggled(filter, kind, item.value))}
    >
      <span className="sr-only">{words}</span>
      <bdi aria-hidden="true" title={words}>
        {visibleName(item.value)}
      </bdi>
      {by === "count" && !tone && !withTimes && item.errors > 0 && (
        <span aria-hidden="true" className="tone-bad">
          {plural(item.errors, "error")}
        </span>
      )}
      {withTimes && item.p95 > 0 && (
        <span aria-hidden="true" className="stat-time">
          {formatDuration(item.p95)}
        </span>
      )}
      <span aria-hidden="true" className="stat-count">
        {formatCount(item[by])}
      </span>
      <span className="stat-bar" style={{ width: `${100 * share}%` }} />
    </button>
  );
}
