import { serviceAt } from "../wire/client";
import type { Calls } from "./feed";

/* The server that the page, or the worker, came from. */
export const api = serviceAt(location.origin);

export const calls: Calls = {
  watch: (request, signal) => api.watchFlows(request, { signal }),
  query: (request, signal) => api.queryFlows(request, { signal }),
  count: async (expression, before, signal) => {
    const request = { filter: { expression }, before: BigInt(before) };
    let count = 0;
    for await (const { summary } of api.summarizeFlows(request, { signal }))
      if (summary) count = Number(summary.count);
    return count;
  },
};

/* Calls give up after so long; a stalled server must not stall the page. */
export const callTimeoutMs = 30_000;
