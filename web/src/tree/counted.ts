import type { FacetKind, FlowsSummary } from "../gen/mitmflow/v1/mitmflow_pb";
import type { Counted } from "./nodes";

export function countedOf(summary: FlowsSummary, kind: FacetKind): Counted[] {
  const facet = summary.facets.find((told) => told.kind === kind);
  return (facet?.values ?? []).map(({ value, count, errors }) => ({
    value,
    count: Number(count),
    errors: Number(errors),
  }));
}

export function othersOf(summary: FlowsSummary, kind: FacetKind): number {
  return Number(summary.facets.find((told) => told.kind === kind)?.others ?? 0n);
}
