import { MergeView, unifiedMergeView } from "@codemirror/merge";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView, lineNumbers } from "@codemirror/view";
import { useEffect, useRef } from "react";
import { showHidden } from "../bodies/text/editor";
import { colours, theme } from "../bodies/text/theme";

interface Props {
  a: string;
  b: string;
  label: string;
  /* One above the other, where there is no room for two columns. */
  unified: boolean;
}

const mergeTheme = EditorView.theme({
  ".cm-changedLine, .cm-insertedLine": { backgroundColor: "var(--accent-bg)" },
  ".cm-deletedChunk": { backgroundColor: "var(--bad-bg)" },
  ".cm-changedText": { background: "var(--found)" },
  ".cm-deletedText": { background: "var(--bad-bg)" },
  ".cm-collapsedLines": {
    color: "var(--ink-2)",
    background: "var(--bg-3)",
    font: "12px var(--font)",
  },
});

/* Two texts, and where they differ. Nothing of them can be changed. */
export function MergeText({ a, b, label, unified }: Props) {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!host.current) return;
    const root = host.current.shadowRoot ?? host.current.attachShadow({ mode: "open" });
    root.replaceChildren();
    const common = (which: string): Extension => [
      EditorState.readOnly.of(true),
      EditorView.editable.of(false),
      EditorView.contentAttributes.of({ tabindex: "0", "aria-label": which }),
      EditorView.lineWrapping,
      lineNumbers(),
      showHidden(),
      colours,
      theme,
      mergeTheme,
    ];
    const options = {
      collapseUnchanged: { margin: 3, minSize: 6 },
      // Whatever takes longer is told apart less finely.
      diffConfig: { scanLimit: 500, timeout: 200 },
    };
    const view = unified
      ? new EditorView({
          root,
          parent: root,
          doc: b,
          extensions: [
            common(label),
            unifiedMergeView({ original: a, mergeControls: false, ...options }),
          ],
        })
      : new MergeView({
          root,
          parent: root,
          a: { doc: a, extensions: common(`${label} of the first flow`) },
          b: { doc: b, extensions: common(`${label} of the second flow`) },
          gutter: false,
          ...options,
        });
    return () => view.destroy();
  }, [a, b, label, unified]);
  return <div ref={host} className="text-view" />;
}
