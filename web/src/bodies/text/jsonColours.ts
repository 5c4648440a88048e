import { RangeSetBuilder } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  EditorView,
  ViewPlugin,
  type ViewUpdate,
} from "@codemirror/view";
import { jsonTokens } from "../highlight";
import type { Marks } from "./document";

const marks = {
  key: Decoration.mark({ class: "json-key" }),
  string: Decoration.mark({ class: "json-string" }),
  number: Decoration.mark({ class: "json-number" }),
  word: Decoration.mark({ class: "json-word" }),
};

function decorate(view: EditorView, known: Marks): DecorationSet {
  const set = new RangeSetBuilder<Decoration>();
  const { doc } = view.state;
  let last = 0;
  for (const { from, to } of view.visibleRanges) {
    for (let n = doc.lineAt(from).number; n <= doc.lines; n++) {
      const line = doc.line(n);
      if (line.from > to) break;
      // What goes on from the line before may begin within a string.
      if (n <= last || known.goesOn(n)) continue;
      last = n;
      let at = line.from;
      for (const { text, kind } of jsonTokens(line.text)) {
        if (kind) set.add(at, at + text.length, marks[kind]);
        at += text.length;
      }
    }
  }
  return set.finish();
}

/*
 * Colours of JSON. Every line of it can be read by itself, so that no tree
 * of the whole is needed, however long it is.
 */
export function jsonColours(known: Marks) {
  return [
    ViewPlugin.define(
      (view) => ({
        decorations: decorate(view, known),
        update(update: ViewUpdate) {
          if (update.docChanged || update.viewportChanged)
            this.decorations = decorate(update.view, known);
        },
      }),
      { decorations: (plugin) => plugin.decorations },
    ),
    EditorView.theme({
      ".json-key": { color: "var(--json-key)" },
      ".json-string": { color: "var(--json-string)" },
      ".json-number": { color: "var(--json-number)" },
      ".json-word": { color: "var(--json-word)" },
    }),
  ];
}
