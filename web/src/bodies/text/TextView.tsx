import { openSearchPanel } from "@codemirror/search";
import { EditorView } from "@codemirror/view";
import { type Ref, useEffect, useImperativeHandle, useRef, useState } from "react";
import { useScroller } from "../scroll";
import { type Editor, openEditor } from "./editor";
import { foldInner } from "./folding";
import type { TextHandle } from "./LazyText";
import { lay } from "./laying";
import type { Style } from "./layout";

interface Props {
  ref: Ref<TextHandle>;
  bytes: Uint8Array;
  charset: string;
  /* What it is, for its colours; `pretty`: indented anew as that. */
  style: Style;
  pretty: boolean;
}

interface Shown {
  editor: Editor;
  bytes: Uint8Array;
  /* What else makes it look as it does. */
  as: string;
}

/* Whether `b` is the same body, of which more is here now. */
function goesOn(a: Uint8Array, b: Uint8Array): boolean {
  return a.length < b.length && a.every((byte, index) => byte === b[index]);
}

/* Shows `next` in the place of `before`, at the line that was being read. */
function swap(box: HTMLElement, before: EditorView, next: Editor, top: number): void {
  const height = Math.max(0, top - before.documentTop);
  const block = before.lineBlockAtHeight(height);
  box.replaceChildren(next.host);
  before.destroy();
  if (height === 0) return;
  next.view.dispatch({
    effects: EditorView.scrollIntoView(Math.min(block.from, next.view.state.doc.length), {
      y: "start",
      yMargin: block.top - height,
    }),
  });
}

/* A text body, in an editor that changes nothing. */
export default function TextView({ ref, bytes, charset, style, pretty }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const scroller = useScroller();
  const shown = useRef<Shown | null>(null);
  const [busy, setBusy] = useState(true);
  const [problem, setProblem] = useState("");

  useImperativeHandle(ref, () => ({
    search: () => shown.current && openSearchPanel(shown.current.editor.view),
    fold: () => shown.current && foldInner(shown.current.editor.view),
  }));

  useEffect(() => {
    const place = box.current;
    if (!place) return;
    setBusy(true);
    setProblem("");
    const as = `${charset} ${style} ${pretty}`;
    const before = shown.current;
    const isMore = before?.as === as && goesOn(before.bytes, bytes);
    const editor = openEditor(style, "Text of the body");
    const show = () => {
      shown.current = { editor, bytes, as };
      const top = scroller.current?.getBoundingClientRect().top ?? 0;
      if (before && isMore) return swap(place, before.editor.view, editor, top);
      place.replaceChildren(editor.host);
      before?.editor.view.destroy();
    };
    // What is read stays until all that is new is there.
    if (!isMore) show();
    const start = (layout: Style) =>
      lay(
        { bytes, charset, style: layout },
        {
          batch: editor.add,
          end: ({ folds }) => {
            editor.fold(folds);
            if (isMore) show();
            setBusy(false);
          },
          failed: (why) => {
            setProblem(`Shown as it came: ${why}.`);
            stop = start("plain");
          },
        },
      );
    let stop = start(pretty ? style : "plain");
    return () => {
      stop();
      if (shown.current?.editor !== editor) editor.view.destroy();
    };
  }, [bytes, charset, style, pretty, scroller]);
  useEffect(
    () => () => {
      shown.current?.editor.view.destroy();
      shown.current = null;
    },
    [],
  );

  return (
    <>
      {problem && <p className="hint">{problem}</p>}
      <div ref={box} className="text-view" aria-busy={busy} />
    </>
  );
}
