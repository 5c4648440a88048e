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
  /* Reading of the clock that flows tell when the page's time was 0, ms;
   * null: flows are not looked at. */
  clock: number | null;
  /* From the sending of a flow, as its address tells, to its painted row. */
  toRow: number[];
  /* From a key to the frame that shows the cursor elsewhere. */
  toFrame: number[];
}

declare global {
  interface Window {
    probe: Probe;
  }
}

export interface Look {
  /* A selector of rows. */
  rows: string;
  /* Of what changes are looked for in. */
  watched: string;
  /* The attribute that tells where the cursor is. */
  cursor: string;
}

/* The sender of bench/flows writes its clock, in ns, into each address. */
export function install({ rows, watched, cursor }: Look): void {
  const probe: Probe = {
    ...{ long: [], firstRow: 0, lastChange: 0, clock: null },
    ...{ toRow: [], toFrame: [] },
  };
  window.probe = probe;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) probe.long.push(entry.duration);
  }).observe({ type: "longtask", buffered: true });

  // Who observes a size is called between a frame's layout and its paint: of
  // the frame that is being made, if one is, else of the next. A message that
  // is sent from there comes once the frame is painted.
  let changed: (() => void)[] = [];
  let framed: (() => void)[] = [];
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    const shown = framed;
    framed = [];
    for (const then of shown) then();
  };
  const frame = new ResizeObserver(() => {
    if (changed.length === 0) return;
    framed.push(...changed);
    changed = [];
    port2.postMessage(null);
  });
  const painted = (then: () => void) => {
    changed.push(then);
    frame.unobserve(document.documentElement);
    frame.observe(document.documentElement);
  };

  const lookAtRows = () => {
    if (probe.firstRow || !document.querySelector(rows)) return;
    painted(() => {
      probe.firstRow ||= performance.now();
    });
  };
  const lookForChange = (records: MutationRecord[]) => {
    const isWatched = ({ target }: MutationRecord) => {
      const element = target instanceof Element ? target : target.parentElement;
      return element?.closest(watched) || element?.querySelector(watched);
    };
    if (!records.some(isWatched)) return;
    painted(() => {
      probe.lastChange = performance.now();
    });
  };

  const told = new Set<string>();
  const lookForFlows = (clock: number, records: MutationRecord[]) => {
    const sent: number[] = [];
    const read = (text: string | null) => {
      for (const [, ns = ""] of text?.matchAll(/clock=(\d{20})/g) ?? []) {
        if (told.has(ns)) continue;
        told.add(ns);
        sent.push(Number(ns) / 1e6 - clock);
      }
    };
    for (const { target, type, addedNodes } of records) {
      if (type === "characterData") read(target.nodeValue);
      for (const node of addedNodes) read(node.textContent);
    }
    if (sent.length === 0) return;
    painted(() => {
      for (const ms of sent) probe.toRow.push(performance.now() - ms);
    });
  };

  new MutationObserver((records) => {
    lookAtRows();
    lookForChange(records);
    if (probe.clock !== null) lookForFlows(probe.clock, records);
  }).observe(document, { subtree: true, childList: true, characterData: true });

  let pressed: number[] = [];
  const isKept = { capture: true };
  addEventListener("keydown", ({ timeStamp }) => pressed.push(timeStamp), isKept);
  new MutationObserver(() => {
    const keys = pressed;
    pressed = [];
    if (keys.length === 0) return;
    painted(() => {
      for (const at of keys) probe.toFrame.push(performance.now() - at);
    });
  }).observe(document, { subtree: true, attributeFilter: [cursor] });
}
