import { type Ref, useEffect, useImperativeHandle, useRef, useState } from "react";
import { whenIdle } from "../ui/idle";
import { late } from "../ui/late";
import type { DetailHandle, PaneProps } from "./pane";
import { applyPane, readPane } from "./paneSize";
import "./frame.css";

const DetailPane = late(async () => {
  const { DetailPane, prefetchViews } = await import("./DetailPane");
  prefetchViews();
  return DetailPane;
}, Frame);

applyPane(readPane());

interface Props extends PaneProps {
  ref: Ref<DetailHandle>;
  /* The list's rows are painted: there is time for more. */
  ready: boolean;
}

/*
 * The open flow, whose code comes after the list's: until it is there its
 * place is kept, and what is asked of it waits.
 */
export function LazyPane({ ref, ready, ...props }: Props) {
  const inner = useRef<DetailHandle>(null);
  const [noteOf, setNoteOf] = useState<number | null>(null);
  useImperativeHandle(ref, () => ({
    focus: () => inner.current?.focus(),
    togglePin: () => inner.current?.togglePin(),
    writeNote: (of) => {
      if (inner.current) inner.current.writeNote(of);
      else setNoteOf(of);
    },
  }));
  // So that the first flow opens at once.
  const [isHere, setHere] = useState(false);
  useEffect(() => {
    if (!ready) return;
    return whenIdle(() => void DetailPane.prefetch().then(() => setHere(true)));
  }, [ready]);
  if (props.number === null && !isHere) return null;
  return (
    <DetailPane
      {...props}
      ref={(handle: DetailHandle | null) => {
        inner.current = handle;
        if (handle && noteOf !== null) {
          handle.writeNote(noteOf);
          setNoteOf(null);
        }
      }}
    />
  );
}

function Frame() {
  return (
    <>
      <div className="resizer" />
      <section className="detail" aria-label="The open flow" aria-busy="true" />
    </>
  );
}
