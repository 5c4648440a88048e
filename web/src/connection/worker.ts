/*
 * The SharedWorker of all tabs of a browser.
 */
import { calls } from "./api";
import { Hub } from "./hub";
import type { ToHub } from "./protocol";

const hub = new Hub(calls);

// TypeScript has no worker scope beside the DOM's types.
addEventListener("connect", (event) => {
  const port = (event as MessageEvent).ports[0];
  if (!port) return;
  port.onmessage = (said: MessageEvent<ToHub>) => hub.hear(port, said.data);
});
