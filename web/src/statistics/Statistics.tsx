import { statusTone } from "../connection/row";
import { FacetKind, type FlowsSummary } from "../gen/mitmflow/v1/mitmflow_pb";
import type { PanelProps } from "../panel/SidePanel";
import { useView } from "../store/hooks";
import { useSummary } from "../summary/useSummary";
import { formatCount, formatSize } from "../ui/format";
import { errorClause, hasClause, toggledClause } from "./clauses";
import { FacetRows, type Value } from "./FacetRows";
import { Times } from "./Times";
import "./statistics.css";

const facets = [
  FacetKind.HOST,
  FacetKind.STATUS,
  FacetKind.FLOW_TYPE,
  FacetKind.METHOD,
  FacetKind.CONTENT_TYPE,
  FacetKind.DEVICE,
  FacetKind.SOURCE,
];

function valuesOf(summary: FlowsSummary, kind: FacetKind) {
  // Percentiles are not exact; none is told to be more than the longest.
  const longest = Number(summary.durations?.max ?? 0n);
  const ms = (us: bigint) => Math.min(Number(us), longest) / 1000;
  const facet = summary.facets.find((told) => told.kind === kind);
  const values: Value[] = (facet?.values ?? []).map((told) => ({
    value: told.value,
    count: Number(told.count),
    errors: Number(told.errors),
    p50: ms(told.p50),
    p95: ms(told.p95),
  }));
  return { kind, values, others: Number(facet?.others ?? 0n) };
}

/* What the flows that the filter finds have in common. */
export function Statistics({ filter, onFilter }: PanelProps) {
  const told = useSummary({ filter, facets, limit: 100, details: true });
  const isWrong = useView((view) => view.fault !== null);
  if (!told && isWrong) return <p className="stats dim">The filter finds nothing yet.</p>;
  if (!told) return <p className="stats dim" aria-busy="true" />;
  const { summary } = told;
  const use = { filter, onFilter };
  const of = (kind: FacetKind) => valuesOf(summary, kind);
  const hosts = of(FacetKind.HOST);
  const sources = of(FacetKind.SOURCE);
  const failing = hosts.values
    .filter(({ errors }) => errors > 0)
    .sort((a, b) => b.errors - a.errors);
  return (
    <div className={told.asked.filter === filter ? "stats" : "stats is-old"}>
      <Totals summary={summary} {...use} />
      {summary.durations && <Times spread={summary.durations} {...use} />}
      <FacetRows
        title="Status"
        {...of(FacetKind.STATUS)}
        {...use}
        tone={(value) => statusTone(Number(value))}
      />
      <FacetRows title="Hosts" {...hosts} {...use} withTimes />
      <FacetRows
        title="Hosts with errors"
        {...hosts}
        values={failing}
        others={0}
        {...use}
        by="errors"
      />
      <FacetRows title="Devices" {...of(FacetKind.DEVICE)} {...use} withTimes />
      <FacetRows title="Methods" {...of(FacetKind.METHOD)} {...use} />
      <FacetRows title="Content types" {...of(FacetKind.CONTENT_TYPE)} {...use} />
      <FacetRows title="Types" {...of(FacetKind.FLOW_TYPE)} {...use} />
      {sources.values.length > 1 && <FacetRows title="Proxies" {...sources} {...use} />}
    </div>
  );
}

function Totals({ summary, filter, onFilter }: PanelProps & { summary: FlowsSummary }) {
  const errors = Number(summary.errors);
  const count = Number(summary.count);
  const figures = [
    ["flows", formatCount(count)],
    ["sent", formatSize(Number(summary.clientBytes))],
    ["received", formatSize(Number(summary.serverBytes))],
    ["p95 size", formatSize(Number(summary.sizes?.p95 ?? 0n))],
  ];
  const share = ((100 * errors) / Math.max(count, 1)).toFixed(1);
  return (
    <section aria-label="In all" className="stat">
      <dl className="stat-figures">
        {figures.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <button
        type="button"
        className="button stat-errors"
        disabled={errors === 0}
        aria-pressed={hasClause(filter, errorClause)}
        onClick={() => onFilter(toggledClause(filter, errorClause))}
      >
        {errors === 0 ? "No errors" : `${formatCount(errors)} with errors (${share}%)`}
      </button>
    </section>
  );
}
