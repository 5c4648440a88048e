/* Where the focus is. */
export interface Stop {
  /* Of those that were on the page when the walk began; -1: none of them. */
  at: number;
  words: string;
  isSeen: boolean;
  /* The part that was walked is gone. */
  isOver: boolean;
}

export interface Walker {
  begin(within: string): { words: string; isGroup: boolean }[];
  stop(): Promise<Stop>;
  isOver(): boolean;
  /* Those that looked the same with the focus as without it. */
  unmarked(): string[];
}

declare global {
  var walker: Walker;
}

/* Runs in the page: knows what can have the focus and how it looks. */
export function installWalker(): void {
  const widgets =
    "a[href], button, input, select, textarea, summary, [tabindex], [contenteditable]";
  // Within these the arrow keys move, as their roles say.
  const composites =
    "[role=tablist], [role=tree], [role=menu], [role=listbox], [role=grid] [role=row]";
  const guards = "[data-radix-focus-guard]";
  let stops: Element[] = [];
  let part: Element = document.body;
  // Some parts are told a moment later that they have the focus.
  const framesMost = 12;
  const looks = new Map<Element, Set<string>>();
  const focused = new Map<Element, string>();

  const active = () => {
    let el = document.activeElement;
    while (el?.shadowRoot?.activeElement) el = el.shadowRoot.activeElement;
    return el;
  };
  const parentOf = (el: Element): Element | null => {
    const root = el.getRootNode();
    return el.parentElement ?? (root instanceof ShadowRoot ? root.host : null);
  };
  const holds = (outer: Element, inner: Element | null): boolean =>
    inner !== null && (outer === inner || holds(outer, parentOf(inner)));
  const wordsOf = (el: Element) => {
    const label = el instanceof HTMLInputElement ? el.labels?.[0]?.textContent : "";
    const name = el.getAttribute("aria-label") || label || el.textContent || "";
    const role = el.getAttribute("role") ?? el.tagName.toLowerCase();
    return `${role} ${name.trim().slice(0, 60)}`;
  };
  const inDocument = (root: Document | ShadowRoot): Element[] =>
    [...root.querySelectorAll("*")].flatMap((el) => [
      ...(el.matches(widgets) ? [el] : []),
      ...(el.shadowRoot ? inDocument(el.shadowRoot) : []),
    ]);
  const isUsable = (el: Element) => {
    if (!(el instanceof HTMLElement) || el.matches(`:disabled, ${guards}`)) return false;
    const modal = document.querySelector("dialog:modal");
    if (modal && !holds(modal, el)) return false;
    const { width, height } = el.getBoundingClientRect();
    return el.checkVisibility({ visibilityProperty: true }) && width > 0 && height > 0;
  };
  const groupOf = (el: Element) =>
    el instanceof HTMLInputElement && el.type === "radio" ? el.name : "";
  const lookOf = (el: Element): string => {
    const parts: string[] = [];
    let of: Element | null = el;
    for (let depth = 0; of && depth < 4; depth++, of = parentOf(of)) {
      const style = getComputedStyle(of);
      const outline = style.outlineStyle === "none" ? "" : style.outline;
      parts.push(outline, style.borderColor, style.borderWidth);
      parts.push(style.backgroundColor, style.boxShadow);
    }
    return parts.join("|");
  };
  const lookAround = () => {
    const at = active();
    for (const el of focused.keys()) if (el !== at) looks.get(el)?.add(lookOf(el));
  };
  /* Nothing lies over it, and it is within what is scrolled to. */
  const isSeen = (el: Element) => {
    const box = el.getBoundingClientRect();
    const left = Math.max(box.left, 0);
    const top = Math.max(box.top, 0);
    const right = Math.min(box.right, innerWidth);
    const bottom = Math.min(box.bottom, innerHeight);
    if (right <= left || bottom <= top) return false;
    const hit = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    return hit !== null && (holds(el, hit) || holds(hit, el));
  };

  globalThis.walker = {
    begin(within) {
      looks.clear();
      focused.clear();
      const found = within ? document.querySelector(within) : document.body;
      if (!found) throw new Error(`there is no ${within}`);
      part = found;
      const all = inDocument(document).filter((el) => isUsable(el) && holds(part, el));
      stops = all.filter((el) => (el as HTMLElement).tabIndex >= 0);
      for (const el of stops) if (el !== active()) looks.set(el, new Set([lookOf(el)]));
      const isWidget = (el: Element) => el.matches("a, button, input, select, textarea");
      const strays = all.filter(
        (el) => !stops.includes(el) && isWidget(el) && !el.closest(composites),
      );
      if (strays.length > 0)
        throw new Error(`no key reaches ${strays.map(wordsOf).join("; ")}`);
      return stops.map((el) => ({
        words: wordsOf(el),
        // Of a group of radio buttons, Tab goes to one.
        isGroup: groupOf(el) !== "" && !(el as HTMLInputElement).checked,
      }));
    },
    isOver: () => !part.isConnected,
    async stop() {
      // A guard hands the focus on, or closes its part, a moment later.
      for (let frames = 0; active()?.matches(guards) && frames < framesMost; frames++)
        await new Promise(requestAnimationFrame);
      const el = active();
      const isOver = !part.isConnected;
      if (!el || el === document.body || isOver)
        return { at: -1, words: "", isSeen: true, isOver };
      const others = looks.get(el) ?? new Set();
      looks.set(el, others);
      for (let frames = 0; others.has(lookOf(el)) && frames < framesMost; frames++)
        await new Promise(requestAnimationFrame);
      focused.set(el, lookOf(el));
      lookAround();
      const at = stops.indexOf(el);
      return { at, words: wordsOf(el), isSeen: isSeen(el), isOver };
    },
    unmarked() {
      lookAround();
      return [...focused]
        .filter(([el, look]) => {
          const others = looks.get(el);
          return others && others.size > 0 && [...others].every((one) => one === look);
        })
        .map(([el]) => wordsOf(el));
    },
  };
}
