import { type RefObject, useLayoutEffect, useRef, useState } from "react";
import { formatSize } from "../ui/format";
import { takeFocus, useHandOver } from "../ui/handOver";

// What is shorter has room in a few lines of any pane.
const shortLen = 150;

/*
 * A value in a few lines until its reader asks for the rest, which is there
 * all the time: who marks it and copies has the whole. `text` is safe to draw.
 */
export function LongValue({ text }: { text: string }) {
  if (text.length <= shortLen) return <bdi>{text}</bdi>;
  return <Clamped key={text} text={text} />;
}

function Clamped({ text }: { text: string }) {
  const [all, setAll] = useState(false);
  const value = useRef<HTMLElement>(null);
  const isCut = useOverflow(value, all);
  const button = useHandOver(() => takeFocus(value.current));
  return (
    <span>
      <bdi ref={value} className={all ? undefined : "clamped"} tabIndex={-1}>
        {text}
      </bdi>
      {isCut && (
        <button ref={button} type="button" className="link" onClick={() => setAll(true)}>
          Show all {formatSize(text.length)}
        </button>
      )}
    </span>
  );
}

/* Whether an element has more than there is room for, as long as it is cut. */
function useOverflow(ref: RefObject<HTMLElement | null>, all: boolean): boolean {
  const [isOver, setOver] = useState(false);
  useLayoutEffect(() => {
    const el = ref.current;
    if (!el || all) return setOver(false);
    // Called for the first time before the next frame is painted.
    const observer = new ResizeObserver(() =>
      setOver(el.scrollHeight > el.clientHeight + 1),
    );
    observer.observe(el);
    return () => observer.disconnect();
  }, [ref, all]);
  return isOver;
}
