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
import { inlineLen, isLight, lay } from "./laying";
import { layOut, type Style } from "./layout";

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
// What is shorter is indented before anyone could read how it came.
const longUnseen = 100_000;

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
  const { hasFocus } = before;
  box.replaceChildren(next.host);
  before.destroy();
  if (isSearching) openSearchPanel(next.view);
  if (hasFocus) next.view.focus();
  if (height === 0) return;
  const pos = Math.min(from, next.view.state.doc.length);
  next.view.dispatch({
    effects: EditorView.scrollIntoView(pos, { y: "start", yMargin }),
  });
}

/* Does once what the first text would be slow at: its code is compiled then. */
export function rehearse(): void {
  const bytes = new TextEncoder().encode('{"a":[1,"b",{"c":null}],"d":"e"}'.repeat(100));
  const assembly = new Assembly();
  assembly.addAll(layOut({ bytes, charset: "utf-8", style: "json" }));
  openEditor(assembly, "json", "", nothing()).view.destroy();
}

/* A text body, in an editor that changes nothing. */
export default function TextView({ ref, bytes, charset, style, pretty }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const scroller = useScroller();
  const shown = useRef<Shown | null>(null);
  const wanted = useRef(nothing());
  const [busy, setBusy] = useState(true);
  const [problem, setProblem] = useState("");

  useImperativeHandle(
    ref,
    () => ({
      search: () => shown.current && openSearchPanel(shown.current.editor.view),
      fold: () => shown.current && foldInner(shown.current.editor.view),
      focus: () => shown.current?.editor.view.focus(),
    }),
    [],
  );

  // Before the frame is drawn: a short text is in it.
  useLayoutEffect(() => {
    const place = box.current;
    if (!place) return;
    setProblem("");
    const as = `${charset} ${style} ${pretty}`;
    const wantedLayout = pretty ? style : "plain";
    let before = shown.current;
    let isMore = before?.as === as && beginsWith(bytes, before.bytes);
    let assembly = new Assembly();
    let editor: Editor | null = null;
    let flushedAt = 0;
    const show = (of = bytes) => {
      editor = openEditor(assembly, style, "Text of the body", wanted.current);
      shown.current = { editor, bytes: of, as };
      flushedAt = performance.now();
      if (before && isMore) {
        const top = scroller.current?.getBoundingClientRect().top ?? 0;
        swap(place, before.editor.view, editor, top);
      } else {
        place.replaceChildren(editor.host);
        before?.editor.view.destroy();
      }
    };
    // The beginning of a long one is there at once, as a short one is; where it
    // takes long to indent, as it came.
    const isGrown = isLight(wantedLayout);
    if (!isMore && bytes.length > (isGrown ? inlineLen : longUnseen)) {
      const head = bytes.subarray(0, inlineLen);
      const layout = isGrown ? wantedLayout : "plain";
      assembly.addAll(layOut({ bytes: head, charset, style: layout }));
      show(head);
      [before, isMore] = [shown.current, isGrown];
      [assembly, editor] = [new Assembly(), null];
    }
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
          end: (end) => {
            assembly.end(end);
            if (editor) editor.flush();
            else if (isMore && before?.editor.grow(assembly)) before.bytes = bytes;
            else show();
            setBusy(false);
          },
          failed: (why) => {
            setProblem(`Shown as it came: ${why}.`);
            assembly = new Assembly();
            stop = start("plain");
          },
        },
      );
    setBusy(true);
    let stop = start(wantedLayout);
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
