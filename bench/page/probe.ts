/*
 * What runs in a measured page before its own scripts: it watches from the
 * side and changes nothing. Times are those of performance.now().
 */
export interface Probe {
  /* Tasks of over 50 ms since the last look, in ms. */
  long: number[];
  /* When the first row was painted; 0: not yet. */
  firstRow: number;
  /* When what matches `watched` was last changed and painted. */
  lastChange: number;
  /* From the sending of a flow, as its path tells, to its painted row. */
  toRow: number[];
  /* From a key to the next painted frame. */
  toFrame: number[];
}

declare global {
  interface Window {
    probe: Probe;
  }
}

/* `rows`: a selector of rows; `watched`: of what changes are looked for in. */
export function install({ rows, watched }: { rows: string; watched: string }): void {
  const probe: Probe = { long: [], firstRow: 0, lastChange: 0, toRow: [], toFrame: [] };
  window.probe = probe;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) probe.long.push(entry.duration);
  }).observe({ type: "longtask", buffered: true });

  const told = new Set<string>();
  // A message task after a frame's callbacks comes once the frame is painted.
  const painted = (then: () => void) =>
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = then;
      port2.postMessage(null);
    });
  addEventListener(
    "keydown",
    ({ timeStamp }) => painted(() => probe.toFrame.push(performance.now() - timeStamp)),
    { capture: true },
  );
  const look = (records: MutationRecord[]) => {
    if (!probe.firstRow && document.querySelector(rows)) {
      painted(() => {
        probe.firstRow ||= performance.now();
      });
    }
    for (const { target } of records) {
      const element = target instanceof Element ? target : target.parentElement;
      if (!element?.closest(watched) && !element?.querySelector(watched)) continue;
      painted(() => {
        probe.lastChange = performance.now();
      });
      break;
    }
    for (const [, sent] of document.body?.textContent?.matchAll(/\/sent-(\d{13})\./g) ??
      []) {
      if (sent === undefined || told.has(sent)) continue;
      told.add(sent);
      painted(() => probe.toRow.push(Date.now() - Number(sent)));
    }
  };
  new MutationObserver(look).observe(document, {
    subtree: true,
    childList: true,
    characterData: true,
  });
}
