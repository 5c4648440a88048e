import { api, callTimeoutMs } from "../connection/api";
import { toRow } from "../connection/row";
import type { FlowSummary } from "../gen/mitmflow/v1/mitmflow_pb";
import type { Store } from "../store/store";

/* What a reader may change of a flow. All throw ConnectError. */

const options = () => ({ timeoutMs: callTimeoutMs });

function show(store: Store, summary: FlowSummary | undefined): void {
  if (summary) store.put(toRow(summary));
}

export async function setPinned(
  store: Store,
  number: number,
  pinned: boolean,
): Promise<void> {
  const change = { case: "pinned" as const, value: pinned };
  const answer = await api.updateFlow(
    { number: BigInt(number), pinnedPresence: change },
    options(),
  );
  show(store, answer.flow);
}

export async function setNote(store: Store, number: number, note: string): Promise<void> {
  const change = { case: "note" as const, value: note };
  const answer = await api.updateFlow(
    { number: BigInt(number), notePresence: change },
    options(),
  );
  show(store, answer.flow);
}

export async function deleteFlow(store: Store, number: number): Promise<void> {
  await api.deleteFlows({ numbers: [BigInt(number)] }, options());
  store.drop(number);
}
