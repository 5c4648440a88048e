import type { Spread } from "../gen/mitmflow/v1/mitmflow_pb";
import { formatDuration, plural } from "../ui/format";
import { durationClause, hasClause, toggledClause } from "./clauses";

interface Props {
  spread: Spread;
  filter: string;
  onFilter(filter: string): void;
}

const us = (value: bigint | number) => formatDuration(Number(value) / 1000);
const startOf = (doubling: number) => (doubling === 0 ? 0 : 2 ** (doubling - 1));

/* From a millisecond or less to a second or more, so that what is slow is seen
 * to be. */
function rangeOf(doublings: readonly bigint[]): [first: number, end: number] {
  const first = doublings.findIndex((count) => count > 0n);
  return [Math.max(0, Math.min(first, 10)), Math.max(doublings.length, 21)];
}

/* How long answers took: percentiles, and how many took how long, each bar for
 * times twice as long as the one before. */
export function Times({ spread, filter, onFilter }: Props) {
  if (spread.count === 0n) return null;
  const [first, end] = rangeOf(spread.doublings);
  const places = Array.from({ length: end - first }, (_, at) => first + at);
  const most = Math.max(...spread.doublings.map(Number));
  const figures = [
    ["p50", spread.p50],
    ["p95", spread.p95],
    ["p99", spread.p99],
    ["longest", spread.max],
  ] as const;
  return (
    <section aria-label="Response time" className="stat">
      <h3>Response time</h3>
      <dl className="stat-figures">
        {figures.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{us(value)}</dd>
          </div>
        ))}
      </dl>
      <div className="stat-spread">
        {places.map((place) => {
          const count = Number(spread.doublings[place] ?? 0n);
          const clause = durationClause(place);
          const span = `${us(startOf(place))} to ${us(2 ** place)}`;
          const words = `${span}: ${plural(count, "answer")}`;
          const height = count > 0 ? Math.max(4, (100 * count) / most) : 0;
          return (
            <button
              key={place}
              type="button"
              disabled={count === 0}
              aria-pressed={hasClause(filter, clause)}
              aria-label={words}
              title={words}
              onClick={() => onFilter(toggledClause(filter, clause))}
            >
              <span style={{ height: `${height}%` }} />
            </button>
          );
        })}
      </div>
      <div className="stat-scale dim" aria-hidden="true">
        <span>{us(startOf(first))}</span>
        <span>{us(startOf((first + end) >> 1))}</span>
        <span>{us(2 ** (end - 1))}</span>
      </div>
    </section>
  );
}
