import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { useScroller, useScrollMargin } from "../bodies/scroll";
import type { Flow } from "../gen/mitmflow/v1/mitmflow_pb";
import { formatCount, formatSize, plural } from "../ui/format";
import { Seg } from "../ui/Seg";
import { wordsOf } from "../wire/failure";
import { Bubble, type Show } from "./Bubble";
import { CloseCard } from "./CloseCard";
import { type Direction, everything } from "./search";
import { useMatches, useMessages } from "./useMessages";
import "./messages.css";

const shows = [
  ["auto", "Auto"],
  ["text", "Text"],
  ["hex", "Hex"],
] as const;

const directions = [
  ["both", "Both"],
  ["client", "Client"],
  ["server", "Server"],
] as const;

interface Props {
  flow: Flow;
  number: number;
  /* How many there are by now. */
  count: number;
  live: boolean;
}

/* What both ends said, in order, as a chat: the client to the right. */
export function Messages({ flow, number, count, live }: Props) {
  const [show, setShow] = useState<Show>("auto");
  const [text, setText] = useState("");
  const [direction, setDirection] = useState<Direction>("both");
  const [opened, setOpened] = useState<ReadonlySet<number>>(new Set());
  const { store, error } = useMessages(number);
  const { found, upTo } = useMatches(number, count, { ...everything, text, direction });
  const box = useRef<HTMLOListElement>(null);
  const scroller = useScroller();
  const scrollMargin = useScrollMargin(box);
  const shown = found ? found.length : count;
  const virtual = useVirtualizer({
    count: shown,
    getScrollElement: () => scroller.current,
    getItemKey: (index) => found?.[index] ?? index,
    estimateSize: () => 52,
    overscan: 8,
    scrollMargin,
  });
  const toEnd = useStickToEnd(scroller, virtual.getTotalSize(), live);
  const turn = (index: number) =>
    setOpened((before) => {
      const after = new Set(before);
      if (!after.delete(index)) after.add(index);
      return after;
    });
  const { summary } = flow;
  return (
    <section className="messages" aria-label="Messages">
      <h3>
        {found
          ? `${formatCount(found.length)} of ${plural(count, "message")}`
          : plural(count, "message")}
        {summary && (
          <small>
            {formatSize(Number(summary.clientBytes))} from the client,{" "}
            {formatSize(Number(summary.serverBytes))} from the server
          </small>
        )}
        <span className="tools">
          <input
            type="search"
            className="text-field"
            aria-label="Filter messages"
            placeholder="Filter messages"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
          <Seg<Direction>
            label="Messages from"
            options={directions}
            value={direction}
            onValue={setDirection}
          />
          <Seg<Show>
            label="Show messages as"
            options={shows}
            value={show}
            onValue={setShow}
          />
          {shown > 20 && (
            <button type="button" onClick={toEnd}>
              To the end
            </button>
          )}
        </span>
      </h3>
      {error !== null && (
        <p className="alert" role="alert">
          {wordsOf(error)}
        </p>
      )}
      {found && upTo < count && (
        <p className="hint" role="status">
          Looked at {formatCount(upTo)} of {formatCount(count)}…
        </p>
      )}
      <ol ref={box} className="chat" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, start, key }) => {
          const at = found?.[index] ?? index;
          const message = store.get(at);
          return (
            <li
              key={key}
              ref={virtual.measureElement}
              data-index={index}
              className={message?.fromClient ? "from-client" : "from-server"}
              style={{ transform: `translateY(${start - scrollMargin}px)` }}
            >
              {message ? (
                <Bubble
                  message={message}
                  show={show}
                  number={number}
                  index={at}
                  isOpen={opened.has(at)}
                  onTurn={() => turn(at)}
                />
              ) : (
                <div className="bubble" aria-busy="true" />
              )}
            </li>
          );
        })}
      </ol>
      <CloseCard flow={flow} live={live} />
    </section>
  );
}

// So near to the end is at the end.
const nearPx = 80;
// What is drawn at the end is measured, and comes, after the reader went there.
const settleMs = 1500;

/* Goes along with a live conversation while its end is in sight. Gives back
   what goes there. */
function useStickToEnd(
  scroller: ReturnType<typeof useScroller>,
  size: number,
  live: boolean,
): () => void {
  const atEnd = useRef(false);
  const until = useRef(0);
  useEffect(() => {
    const el = scroller.current;
    if (!el) return;
    const look = () => {
      atEnd.current = el.scrollHeight - el.scrollTop - el.clientHeight < nearPx;
    };
    const leave = () => {
      until.current = 0;
    };
    look();
    el.addEventListener("scroll", look, { passive: true });
    el.addEventListener("wheel", leave, { passive: true });
    return () => {
      el.removeEventListener("scroll", look);
      el.removeEventListener("wheel", leave);
    };
  }, [scroller]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each size has its end
  useLayoutEffect(() => {
    const el = scroller.current;
    const isGoing = performance.now() < until.current;
    if (el && (isGoing || (live && atEnd.current))) el.scrollTop = el.scrollHeight;
  }, [scroller, size, live]);
  return () => {
    const el = scroller.current;
    if (!el) return;
    until.current = performance.now() + settleMs;
    el.scrollTop = el.scrollHeight;
  };
}
