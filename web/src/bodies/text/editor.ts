import { search, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, Text } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { hidden, nameOf } from "../../ui/captured";
import { isTyping } from "../../ui/keys";
import { persistent } from "../../ui/late";
import type { Assembly, Marks } from "./document";
import type { Wanted } from "./find";
import { folding, foldsKnown } from "./folding";
import { jsonColours } from "./jsonColours";
import { languageOf } from "./languages";
import type { Style } from "./layout";
import { searchPanel } from "./searchPanel";
import { colours, theme } from "./theme";

// The structure of longer texts is read for nobody's good.
const longestRead = 1_500_000;

// Where the beginning of a text was laid out otherwise, its end tells.
const comparedLen = 10_000;

/* Characters that hide or turn others are shown by their names. */
export function showHidden() {
  return highlightSpecialChars({
    specialChars: hidden,
    render: (code) => {
      const made = document.createElement("span");
      made.className = "cm-specialChar";
      made.textContent = nameOf(String.fromCodePoint(code));
      return made;
    },
  });
}

/* What is copied has no breaks where a long line was only cut to be drawn. */
function copied(text: string, state: EditorState, marks: Marks): string {
  const { from, to } = state.selection.main;
  const first = state.doc.lineAt(from).number;
  if (from === to) return text;
  return text
    .split("\n")
    .map((line, index) =>
      index === 0 || marks.goesOn(first + index) ? line : `\n${line}`,
    )
    .join("");
}

export interface Editor {
  /* The element to put into the page. */
  host: HTMLElement;
  view: EditorView;
  /* Shows what has been assembled since, and what of it can be folded. */
  flush(): void;
  /* Shows a whole of which it had the beginning; false: it had something else. */
  grow(whole: Assembly): boolean;
}

/*
 * A text that can be read, searched and folded, in a shadow tree: there the
 * editor's styles need no element that the policy forbids.
 */
export function openEditor(
  assembly: Assembly,
  style: Style,
  label: string,
  wanted: Wanted,
): Editor {
  const host = document.createElement("div");
  const root = host.attachShadow({ mode: "open" });
  const { marks } = assembly;
  const language = new Compartment();
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: assembly.take() ?? Text.empty,
      extensions: [
        EditorState.readOnly.of(true),
        EditorView.editable.of(false),
        EditorView.contentAttributes.of({ tabindex: "0", "aria-label": label }),
        EditorView.lineWrapping,
        EditorView.clipboardOutputFilter.of((text, state) => copied(text, state, marks)),
        drawSelection(),
        lineNumbers({ formatNumber: (line) => String(marks.numberOf(line) || "") }),
        folding(marks),
        showHidden(),
        search({ top: true, createPanel: searchPanel(wanted) }),
        keymap.of([
          ...searchKeymap.filter(({ key }) => key === "Mod-f" || key === "Escape"),
          {
            key: "Mod-a",
            run: ({ state, dispatch }) => {
              dispatch(
                state.update({ selection: { anchor: 0, head: state.doc.length } }),
              );
              return true;
            },
          },
        ]),
        language.of(style === "json" ? jsonColours(marks) : []),
        colours,
        theme,
      ],
    }),
  });
  keepKeys(root);
  if (style !== "json" && style !== "plain") {
    void persistent(() => languageOf(style)).then((extension) => {
      if (view.state.doc.length <= longestRead)
        view.dispatch({ effects: language.reconfigure(extension) });
    });
  }
  return {
    host,
    view,
    flush: () => {
      const insert = assembly.take() ?? Text.empty;
      view.dispatch({
        changes: { from: view.state.doc.length, insert },
        effects: foldsKnown.of(null),
      });
    },
    grow: (whole) => {
      const { doc } = view.state;
      const next = whole.look();
      // Its last line may have been cut off.
      const { from } = doc.line(doc.lines);
      const near = Math.max(0, from - comparedLen);
      if (next.sliceString(near, from) !== doc.sliceString(near, from)) return false;
      marks.become(whole.marks);
      view.dispatch({
        changes: { from, to: doc.length, insert: next.slice(from) },
        effects: foldsKnown.of(null),
      });
      return true;
    },
  };
}

/* Keys that a field or the editor takes are not the page's too. */
function keepKeys(root: ShadowRoot): void {
  root.addEventListener("keydown", (event) => {
    if (isTyping(event.target) || event.defaultPrevented) event.stopPropagation();
  });
}
