import { api, callTimeoutMs } from "../connection/api";
import { timestampOf } from "../connection/row";
import type { FacetKind, FlowsSummary } from "../gen/mitmflow/v1/mitmflow_pb";

/* What is asked about the flows that a filter finds. */
export interface Asked {
  filter: string;
  bars?: number;
  /* What the bars span; null: from the first flow to the last. */
  span?: Span | null;
  facets?: readonly FacetKind[];
  /* Of each facet so many values; 20 by default. */
  limit?: number;
  details?: boolean;
}

/* ms since the epoch, `toMs` is behind the last. */
export interface Span {
  fromMs: number;
  toMs: number;
}

export async function fetchSummary(
  asked: Asked,
  signal: AbortSignal,
): Promise<FlowsSummary> {
  const answers = api.summarizeFlows(
    {
      filter: { expression: asked.filter },
      bars: asked.bars ?? 0,
      ...(asked.span && {
        from: timestampOf(asked.span.fromMs),
        to: timestampOf(asked.span.toMs),
      }),
      facets: [...(asked.facets ?? [])],
      facetLimit: asked.limit ?? 0,
      withDetails: asked.details ?? false,
    },
    { signal, timeoutMs: callTimeoutMs },
  );
  let summary: FlowsSummary | undefined;
  for await (const answer of answers) summary = answer.summary ?? summary;
  if (!summary) throw new Error("The server ended the summary too early");
  return summary;
}
