import { api, callTimeoutMs } from "../connection/api";

/* The URL of a flow as it was, whole; throws where there is none. */
export async function urlOf(number: number): Promise<string> {
  const { flow } = await api.getFlow(
    { number: BigInt(number), withoutBodies: true },
    { timeoutMs: callTimeoutMs },
  );
  const request = flow?.flow.case === "httpFlow" ? flow.flow.value.request : undefined;
  if (!request) throw new Error("This flow has no URL.");
  return request.prettyUrl || request.url;
}
