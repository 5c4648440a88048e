import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

/* Colours are the page's tokens, which reach into the shadow tree. */

const key = { color: "var(--json-key)" };
const string = { color: "var(--json-string)" };
const number = { color: "var(--json-number)" };
const word = { color: "var(--json-word)" };
const dim = { color: "var(--ink-3)" };

export const colours = syntaxHighlighting(
  HighlightStyle.define([
    { tag: [tags.propertyName, tags.attributeName, tags.labelName], ...key },
    { tag: [tags.tagName, tags.typeName, tags.className], ...key },
    { tag: [tags.string, tags.attributeValue, tags.special(tags.string)], ...string },
    { tag: [tags.number, tags.unit, tags.color, tags.regexp], ...number },
    {
      tag: [tags.keyword, tags.bool, tags.null, tags.atom, tags.operatorKeyword],
      ...word,
    },
    { tag: [tags.comment, tags.processingInstruction, tags.documentMeta], ...dim },
  ]),
);

export const theme = EditorView.theme({
  "&": {
    color: "var(--ink)",
    backgroundColor: "var(--bg-2)",
    border: "1px solid var(--line)",
    borderRadius: "var(--radius)",
    fontSize: "12px",
  },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-1px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "19px" },
  ".cm-content": { padding: "6px 0", caretColor: "transparent" },
  ".cm-line": { padding: "0 10px 0 4px", overflowWrap: "anywhere" },
  ".cm-gutters": {
    backgroundColor: "var(--bg-2)",
    color: "var(--ink-3)",
    border: "0",
    borderRadius: "var(--radius) 0 0 var(--radius)",
    userSelect: "none",
  },
  ".cm-lineNumbers .cm-gutterElement": { padding: "0 4px 0 12px", minWidth: "36px" },
  ".cm-foldGutter .cm-gutterElement": { width: "14px", textAlign: "center" },
  ".fold-mark": { cursor: "pointer", fontSize: "10px", color: "var(--ink-3)" },
  ".fold-mark:hover": { color: "var(--accent)" },
  ".cm-foldPlaceholder": {
    font: "11px var(--font)",
    color: "var(--ink-2)",
    backgroundColor: "var(--bg-3)",
    border: "0",
    borderRadius: "4px",
    padding: "1px 6px",
    margin: "0 3px",
    cursor: "pointer",
  },
  ".cm-specialChar": { color: "var(--warn)" },
  ".cm-selectionMatch": { backgroundColor: "transparent" },
  ".cm-searchMatch": { backgroundColor: "var(--found)", outline: "0" },
  ".cm-searchMatch-selected, .cm-searchMatch-selected *": {
    backgroundColor: "var(--accent)",
    color: "var(--on-accent)",
  },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground":
    { backgroundColor: "var(--selected)" },
  ".cm-panels": {
    color: "var(--ink)",
    backgroundColor: "var(--bg)",
    borderRadius: "var(--radius) var(--radius) 0 0",
  },
  ".cm-panels-top": { borderBottom: "1px solid var(--line)" },
  ".search": {
    display: "flex",
    flexWrap: "wrap",
    alignItems: "center",
    gap: "4px 8px",
    padding: "5px 8px",
    font: "12.5px var(--font)",
  },
  ".search input": {
    flex: "1 1 140px",
    minWidth: "0",
    maxWidth: "340px",
    height: "26px",
    padding: "0 8px",
    font: "12px var(--mono)",
    color: "inherit",
    backgroundColor: "var(--bg-2)",
    border: "1px solid var(--line)",
    borderRadius: "var(--radius)",
  },
  ".search input:focus": { outline: "2px solid var(--accent)", outlineOffset: "-1px" },
  ".search input[aria-invalid=true]": { borderColor: "var(--bad)" },
  ".search button": {
    minWidth: "26px",
    height: "26px",
    padding: "0 7px",
    font: "inherit",
    color: "var(--ink-2)",
    backgroundColor: "transparent",
    border: "1px solid transparent",
    borderRadius: "var(--radius)",
  },
  ".search button:hover": { backgroundColor: "var(--bg-3)" },
  ".search button:focus-visible": { outline: "2px solid var(--accent)" },
  ".search button[aria-pressed=true]": {
    color: "var(--accent)",
    backgroundColor: "var(--accent-bg)",
  },
  ".search .count": {
    minWidth: "76px",
    color: "var(--ink-2)",
    fontVariantNumeric: "tabular-nums",
  },
});
