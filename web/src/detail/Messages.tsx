import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef, useState } from "react";
import { asciiOf, hexText } from "../bodies/hex";
import { isBinary } from "../bodies/kinds";
import { useScroller, useScrollMargin } from "../bodies/scroll";
import { timestampMs } from "../connection/row";
import type { Flow } from "../gen/mitmflow/v1/mitmflow_pb";
import type {
  TCPMessage,
  UDPMessage,
  WebSocketMessage,
} from "../gen/mitmproxy/v1/mitmproxy_pb";
import { visible } from "../ui/captured";
import { formatClock, formatSize, plural } from "../ui/format";

type Message = WebSocketMessage | TCPMessage | UDPMessage;
type Mode = "auto" | "text" | "hex";

const modes: [Mode, string][] = [
  ["auto", "Auto"],
  ["text", "Text"],
  ["hex", "Hex"],
];

// RFC 6455, section 5.2.
const textOpcode = 1;
const binaryOpcode = 2;

// A longer message is shown to here until the reader asks for more of it.
const shownLen = 1000;
const unfoldedLen = 100_000;

function messagesOf(flow: Flow): readonly Message[] {
  const of = flow.flow;
  if (of.case === "httpFlow") return of.value.websocketMessages;
  return of.case === "tcpFlow" || of.case === "udpFlow" ? of.value.messages : [];
}

function isText(message: Message): boolean {
  const opcode = "opcode" in message ? message.opcode : 0;
  if (opcode === textOpcode) return true;
  return opcode !== binaryOpcode && !isBinary(message.content);
}

function closeText(flow: Flow): string {
  if (flow.flow.case !== "httpFlow") return "";
  const close = flow.flow.value.websocketClose;
  if (!close) return "";
  const code = close.code ? `, code ${close.code}` : "";
  const reason = close.reason ? `: ${close.reason}` : "";
  return `Closed by the ${close.byClient ? "client" : "server"}${code}${reason}`;
}

/* What both ends said, in order, as a chat: the client to the right. */
export function Messages({ flow, live }: { flow: Flow; live: boolean }) {
  const messages = messagesOf(flow);
  const [mode, setMode] = useState<Mode>("auto");
  const box = useRef<HTMLOListElement>(null);
  const scroller = useScroller();
  const scrollMargin = useScrollMargin(box);
  const virtual = useVirtualizer({
    count: messages.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 52,
    overscan: 10,
    scrollMargin,
  });
  const fromClient = messages.filter((message) => message.fromClient).length;
  const close = closeText(flow);
  return (
    <section className="messages">
      <h3>
        {plural(messages.length, "message")}
        <small>
          {fromClient} from the client, {messages.length - fromClient} from the server
        </small>
        <span className="tools">
          <fieldset className="seg" aria-label="Show messages as">
            {modes.map(([name, label]) => (
              <button
                key={name}
                type="button"
                aria-pressed={name === mode}
                onClick={() => setMode(name)}
              >
                {label}
              </button>
            ))}
          </fieldset>
          {messages.length > 20 && (
            <button
              type="button"
              onClick={() => virtual.scrollToIndex(messages.length - 1, { align: "end" })}
            >
              To the end
            </button>
          )}
        </span>
      </h3>
      <ol ref={box} className="chat" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, start }) => {
          const message = messages[index];
          return (
            <li
              key={index}
              ref={virtual.measureElement}
              data-index={index}
              className={message?.fromClient ? "from-client" : "from-server"}
              style={{ transform: `translateY(${start - scrollMargin}px)` }}
            >
              {message && <Bubble message={message} mode={mode} />}
            </li>
          );
        })}
      </ol>
      <p className="chat-end">
        {close ? <bdi>{visible(close)}</bdi> : live ? "The connection is open." : ""}
      </p>
    </section>
  );
}

function Bubble({ message, mode }: { message: Message; mode: Mode }) {
  const [unfolded, setUnfolded] = useState(false);
  const { content, fromClient } = message;
  const text = mode === "auto" ? isText(message) : mode === "text";
  const shown = content.subarray(0, unfolded ? unfoldedLen : shownLen);
  const time = timestampMs(message.timestamp);
  return (
    <>
      <div className="about">
        <span>{fromClient ? "client \u2192" : "\u2190 server"}</span>
        {time > 0 && <time>{formatClock(time)}</time>}
        <span>{formatSize(content.length)}</span>
        {"dropped" in message && message.dropped && <span className="mark">dropped</span>}
        {"injected" in message && message.injected && (
          <span className="mark">injected</span>
        )}
      </div>
      <div className="bubble">
        {text ? (
          <bdi>{visible(new TextDecoder().decode(shown))}</bdi>
        ) : (
          <Hex bytes={shown} />
        )}
        {content.length === 0 && <span className="dim">empty</span>}
        {shown.length < content.length && (
          <p className="more">
            {unfolded ? (
              `The first ${formatSize(shown.length)} of ${formatSize(content.length)}.`
            ) : (
              <button type="button" className="link" onClick={() => setUnfolded(true)}>
                Show more of {formatSize(content.length)}
              </button>
            )}
          </p>
        )}
      </div>
    </>
  );
}

function Hex({ bytes }: { bytes: Uint8Array }) {
  return (
    <>
      {hexText(bytes)} <span className="dim">{asciiOf(bytes)}</span>
    </>
  );
}
