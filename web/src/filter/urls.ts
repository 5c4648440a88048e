import { api, callTimeoutMs } from "../connection/api";
import { toRow } from "../connection/row";
import { keeping } from "./facets";
import { type FacetValue, uncounted } from "./facetValue";

// Enough to have met what is asked for again and again.
const flowsMost = 300;

async function ask(filter: string): Promise<FacetValue[]> {
  const urls = new Set<string>();
  const asked = { filter: { expression: filter }, limit: flowsMost };
  for await (const { flows } of api.queryFlows(asked, { timeoutMs: callTimeoutMs }))
    for (const summary of flows) {
      const { kind, host, path } = toRow(summary);
      if (kind === "http" || kind === "ws") urls.add(host + path);
    }
  return [...urls].map((value) => ({ value, count: uncounted }));
}

/* Host and path of the newest flows that a filter finds, each once. */
export const recentUrls = keeping(ask);
