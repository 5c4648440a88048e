const latestMs = 3000;
// Safari has no idle callbacks.
const safariMs = 1000;

/* Does it once the page has nothing else to do; gives back what cancels it. */
export function whenIdle(act: () => void): () => void {
  if (!("requestIdleCallback" in globalThis)) {
    const timer = setTimeout(act, safariMs);
    return () => clearTimeout(timer);
  }
  const idle = requestIdleCallback(act, { timeout: latestMs });
  return () => cancelIdleCallback(idle);
}
