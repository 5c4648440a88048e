import { api, callTimeoutMs } from "../connection/api";
import type { FetchFlow } from "./FlowLoader";

export const fetchFlow: FetchFlow = async (number, signal) => {
  const options = { signal, timeoutMs: callTimeoutMs };
  const answer = await api.getFlow(
    // Bodies and messages are asked for where they are shown.
    { number: BigInt(number), withoutBodies: true, messageLimit: 1 },
    options,
  );
  if (!answer.flow) throw new Error("The server's answer holds no flow.");
  return answer.flow;
};
