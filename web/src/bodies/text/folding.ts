import {
  codeFolding,
  foldEffect,
  foldedRanges,
  foldGutter,
  foldKeymap,
  foldService,
  unfoldAll,
} from "@codemirror/language";
import { type EditorState, type Extension, Facet, StateEffect } from "@codemirror/state";
import { type EditorView, keymap, type ViewUpdate } from "@codemirror/view";
import { plural } from "../../ui/format";
import { Marks } from "./document";

/* What is known of the text's lines. */
export const marksFacet = Facet.define<Marks, Marks>({
  combine: ([marks]) => marks ?? new Marks(),
});

interface Range {
  from: number;
  to: number;
}

/* From behind the opening mark to before the closing one. */
function rangeAt(state: EditorState, lineStart: number): Range | null {
  const line = state.doc.lineAt(lineStart);
  const fold = state.facet(marksFacet).foldAt(line.number);
  if (!fold || fold.to > state.doc.lines) return null;
  const last = state.doc.line(fold.to);
  const to = last.from + (/^\s*/.exec(last.text)?.[0].length ?? 0);
  return { from: line.to, to };
}

/* What stands in the place of what is folded: "7 members". */
function insideOf(state: EditorState, { from, to }: Range): string {
  const line = state.doc.lineAt(from);
  const fold = state.facet(marksFacet).foldAt(line.number);
  if (!fold) return plural(state.doc.lineAt(to).number - line.number, "line");
  return plural(fold.count, line.text.endsWith("[") ? "item" : "member");
}

function placeholder(
  _view: EditorView,
  unfold: (event: Event) => void,
  text: string,
): HTMLElement {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "cm-foldPlaceholder";
  made.textContent = text;
  made.title = "Unfold";
  made.onclick = unfold;
  return made;
}

function marker(open: boolean): HTMLElement {
  const made = document.createElement("span");
  made.className = "fold-mark";
  made.textContent = open ? "\u25be" : "\u25b8";
  made.title = open ? "Fold" : "Unfold";
  return made;
}

/* Folds everything below the outermost level; unfolds all where anything is. */
export function foldInner(view: EditorView): void {
  const { state } = view;
  if (foldedRanges(state).size > 0) return void unfoldAll(view);
  const effects = state
    .facet(marksFacet)
    .foldsAt(1)
    .map(({ from }) => rangeAt(state, state.doc.line(from).from))
    .filter((range) => range !== null)
    .map((range) => foldEffect.of(range));
  view.dispatch({ effects });
}

/* Tells that more can be folded than before. */
export const foldsKnown = StateEffect.define<null>();

function hasMoreFolds(update: ViewUpdate): boolean {
  return update.transactions.some(({ effects }) =>
    effects.some((effect) => effect.is(foldsKnown)),
  );
}

export function folding(marks: Marks): Extension {
  return [
    marksFacet.of(marks),
    foldService.of((state, lineStart) => rangeAt(state, lineStart)),
    codeFolding({ preparePlaceholder: insideOf, placeholderDOM: placeholder }),
    foldGutter({ markerDOM: marker, foldingChanged: hasMoreFolds }),
    keymap.of(foldKeymap),
  ];
}
