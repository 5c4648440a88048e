import { openSearchPanel, searchPanelOpen } from "@codemirror/search";
import { EditorView } from "@codemirror/view";
import {
  type Ref,
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { beginsWith } from "../bytes";
import { useScroller } from "../scroll";
import { Assembly } from "./document";
import { type Editor, openEditor } from "./editor";
import { nothing } from "./find";
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

// The editor takes its time with each change: so they are few.
const flushMs = 150;

interface Shown {
  editor: Editor;
  bytes: Uint8Array;
  /* What else makes it look as it does. */
  as: string;
}

/* Shows `next` in the place of `before`, at the line that was being read. */
function swap(box: HTMLElement, before: EditorView, next: Editor, top: number): void {
  const height = Math.max(0, top - before.documentTop);
  const { from } = before.lineBlockAtHeight(height);
  const yMargin = (before.coordsAtPos(from)?.top ?? top) - top;
  const isSearching = searchPanelOpen(before.state);
  box.replaceChildren(next.host);
  before.destroy();
  if (isSearching) openSearchPanel(next.view);
  if (height === 0) return;
  const pos = Math.min(from, next.view.state.doc.length);
  next.view.dispatch({
    effects: EditorView.scrollIntoView(pos, { y: "start", yMargin }),
  });
}

/* A text body, in an editor that changes nothing. */
export default function TextView({ ref, bytes, charset, style, pretty }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const scroller = useScroller();
  const shown = useRef<Shown | null>(null);
  const wanted = useRef(nothing());
  const [busy, setBusy] = useState(true);
  const [problem, setProblem] = useState("");

  useImperativeHandle(ref, () => ({
    search: () => shown.current && openSearchPanel(shown.current.editor.view),
    fold: () => shown.current && foldInner(shown.current.editor.view),
  }));

  // Before the frame is drawn: a short text is in it.
  useLayoutEffect(() => {
    const place = box.current;
    if (!place) return;
    setProblem("");
    const as = `${charset} ${style} ${pretty}`;
    const before = shown.current;
    const isMore = before?.as === as && beginsWith(bytes, before.bytes);
    const assembly = new Assembly();
    let editor: Editor | null = null;
    let flushedAt = 0;
    const show = () => {
      editor = openEditor(assembly, style, "Text of the body", wanted.current);
      shown.current = { editor, bytes, as };
      flushedAt = performance.now();
      if (before && isMore) {
        const top = scroller.current?.getBoundingClientRect().top ?? 0;
        swap(place, before.editor.view, editor, top);
      } else {
        place.replaceChildren(editor.host);
        before?.editor.view.destroy();
      }
    };
    // What is laid out at once is shown whole, in one go.
    let isLaying = true;
    const start = (layout: Style) =>
      lay(
        { bytes, charset, style: layout },
        {
          batch: (batch) => {
            assembly.add(batch);
            if (isLaying) return;
            // What is read stays until all that is new is there.
            if (!editor && !isMore) show();
            if (!editor || performance.now() - flushedAt < flushMs) return;
            editor.flush();
            flushedAt = performance.now();
          },
          end: ({ folds }) => {
            assembly.marks.fold(folds);
            if (editor) editor.flush();
            else if (isMore && before.editor.grow(assembly)) before.bytes = bytes;
            else show();
            setBusy(false);
          },
          failed: (why) => {
            setProblem(`Shown as it came: ${why}.`);
            stop = start("plain");
          },
        },
      );
    setBusy(true);
    let stop = start(pretty ? style : "plain");
    isLaying = false;
    return () => stop();
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
