import { closeSearchPanel, SearchQuery, setSearchQuery } from "@codemirror/search";
import { EditorView, type Panel } from "@codemirror/view";
import { Finder, mostFound, patternOf, type Wanted } from "./find";

function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  set: Partial<HTMLElementTagNameMap[K]>,
  attributes: Record<string, string> = {},
): HTMLElementTagNameMap[K] {
  const made = Object.assign(document.createElement(name), set);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function button(text: string, label: string, act: () => void): HTMLButtonElement {
  const made = element("button", { type: "button", textContent: text, title: label });
  made.setAttribute("aria-label", label);
  made.onclick = act;
  return made;
}

/* The bar to search in a text: how often it is there, and from one to the next. */
class SearchBar {
  private finder: Finder | null = null;
  private at = -1;
  private readonly input = element(
    "input",
    { type: "text", spellcheck: false, oninput: () => this.search() },
    { "aria-label": "Search in the body", "main-field": "true", placeholder: "Search" },
  );
  private readonly count = element(
    "span",
    { className: "count" },
    { role: "status", "aria-live": "polite" },
  );
  private readonly matchCase = this.toggle("Aa", "Match case", () => {
    this.wanted.isCaseSensitive = !this.wanted.isCaseSensitive;
    return this.wanted.isCaseSensitive;
  });
  private readonly regex = this.toggle(".*", "Regular expression", () => {
    this.wanted.isRegex = !this.wanted.isRegex;
    return this.wanted.isRegex;
  });

  /* `wanted` is kept by the owner: the next bar begins with it. */
  constructor(
    private readonly view: EditorView,
    private readonly wanted: Wanted,
  ) {
    this.input.value = wanted.text;
    this.matchCase.setAttribute("aria-pressed", String(wanted.isCaseSensitive));
    this.regex.setAttribute("aria-pressed", String(wanted.isRegex));
  }

  panel(): Panel {
    const dom = element("div", { className: "search" }, { role: "search" });
    dom.append(
      this.input,
      this.count,
      button("\u2191", "The one before", () => this.step(-1)),
      button("\u2193", "The next one", () => this.step(1)),
      this.matchCase,
      this.regex,
      button("\u2715", "Close the search", () => this.close()),
    );
    dom.onkeydown = (event) => this.pressed(event);
    return {
      dom,
      top: true,
      mount: () => {
        this.input.select();
        if (this.wanted.text) this.search();
      },
      update: (update) => {
        if (update.docChanged) this.search();
      },
      destroy: () => this.finder?.stop(),
    };
  }

  private toggle(text: string, label: string, turn: () => boolean): HTMLButtonElement {
    const made = button(text, label, () => {
      made.setAttribute("aria-pressed", String(turn()));
      this.search();
    });
    made.setAttribute("aria-pressed", "false");
    return made;
  }

  private pressed(event: KeyboardEvent): void {
    const isFind = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "f";
    if (event.key === "Enter" && event.target === this.input) {
      this.step(event.shiftKey ? -1 : 1);
    } else if (event.key === "Escape") this.close();
    else if (isFind) this.input.select();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  private close(): void {
    closeSearchPanel(this.view);
    this.view.focus();
  }

  private search(): void {
    this.finder?.stop();
    this.finder = null;
    this.at = -1;
    const { wanted } = this;
    wanted.text = this.input.value;
    let pattern: RegExp | null = null;
    let isWrong = false;
    try {
      pattern = patternOf(wanted);
    } catch {
      isWrong = true;
    }
    this.input.setAttribute("aria-invalid", String(isWrong));
    this.count.textContent = isWrong ? "No pattern" : "";
    // What is marked is what is found: both by the same pattern.
    const query = new SearchQuery({
      search: pattern?.source ?? "",
      caseSensitive: wanted.isCaseSensitive,
      regexp: true,
    });
    // Panels are told of a change in the midst of it.
    queueMicrotask(() => this.view.dispatch({ effects: setSearchQuery.of(query) }));
    if (!pattern) return;
    this.finder = new Finder(this.view.state.doc, pattern, () => this.told());
    this.finder.start();
  }

  private told(): void {
    if (this.at < 0 && this.finder && this.finder.found.length > 0) {
      this.go(this.finder.indexFrom(this.view.state.selection.main.from));
    }
    this.write();
  }

  private step(by: number): void {
    const count = this.finder?.found.length ?? 0;
    if (count > 0) this.go((this.at + by + count) % count);
  }

  private go(at: number): void {
    const found = this.finder?.found[at];
    if (!found) return;
    this.at = at;
    this.write();
    queueMicrotask(() =>
      this.view.dispatch({
        selection: { anchor: found.from, head: found.to },
        effects: EditorView.scrollIntoView(found.from, { y: "center" }),
      }),
    );
  }

  private write(): void {
    const { finder } = this;
    if (!finder) return;
    const count = finder.found.length;
    const more = !finder.done || count >= mostFound ? "+" : "";
    this.count.textContent = count
      ? `${this.at + 1} of ${count.toLocaleString("en-US")}${more}`
      : finder.done
        ? "Not found"
        : "Searching\u2026";
  }
}

export function searchPanel(wanted: Wanted): (view: EditorView) => Panel {
  return (view) => new SearchBar(view, wanted).panel();
}
