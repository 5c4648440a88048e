import { BodyView } from "../bodies/BodyView";
import { asciiOf, hexText } from "../bodies/hex";
import { jsonTokens } from "../bodies/highlight";
import { isBinary, looksLikeJson } from "../bodies/kinds";
import { timestampMs } from "../connection/row";
import { BodyPlace } from "../gen/mitmflow/v1/mitmflow_pb";
import { visible } from "../ui/captured";
import { formatClock, formatSize } from "../ui/format";
import type { Message } from "./MessageStore";

export type Show = "auto" | "text" | "hex";

// RFC 6455, section 5.2.
const textOpcode = 1;
const binaryOpcode = 2;

// Most protocols of lines end them so: it says nothing.
const lineEnds = /\r\n/g;

// Of a longer message, the rest is in its own view.
const shownLen = 1000;

function isText(message: Message): boolean {
  const opcode = "opcode" in message ? message.opcode : 0;
  if (opcode === textOpcode) return true;
  return opcode !== binaryOpcode && !isBinary(message.content);
}

function kindOf(message: Message): string {
  if (message.content.length === 0) return "empty";
  if (!isText(message)) return "binary";
  return looksLikeJson(message.content, false) ? "JSON" : "text";
}

interface Props {
  message: Message;
  show: Show;
  number: number;
  index: number;
  isOpen: boolean;
  onTurn(): void;
}

/* One message: its beginning, and on demand all that it says. */
export function Bubble({ message, show, number, index, isOpen, onTurn }: Props) {
  const { content, fromClient } = message;
  const time = timestampMs(message.timestamp);
  const asText = show === "auto" ? isText(message) : show === "text";
  return (
    <>
      <div className="about">
        <span>{fromClient ? "client \u2192" : "\u2190 server"}</span>
        {time > 0 && <time>{formatClock(time)}</time>}
        <span>
          {kindOf(message)}, {formatSize(content.length)}
        </span>
        {"dropped" in message && message.dropped && <span className="mark">dropped</span>}
        {"injected" in message && message.injected && (
          <span className="mark">injected</span>
        )}
        <button
          type="button"
          className="link"
          aria-expanded={isOpen}
          aria-label={`${isOpen ? "Close" : "Open"} message ${index + 1}`}
          onClick={onTurn}
        >
          {isOpen ? "Close" : "Open"}
        </button>
      </div>
      {isOpen ? (
        <div className="opened">
          <BodyView
            title={`Message ${index + 1}`}
            source={{ number, place: BodyPlace.MESSAGE, index, change: "" }}
            fileName={`flow-${number}-message-${index + 1}`}
          />
        </div>
      ) : (
        <Beginning bytes={content} asText={asText} isJson={kindOf(message) === "JSON"} />
      )}
    </>
  );
}

interface BeginningProps {
  bytes: Uint8Array;
  asText: boolean;
  isJson: boolean;
}

function Beginning({ bytes, asText, isJson }: BeginningProps) {
  const shown = bytes.subarray(0, shownLen);
  const text = asText ? new TextDecoder().decode(shown).replace(lineEnds, "\n") : "";
  return (
    <div className="bubble">
      {bytes.length === 0 && <span className="dim">empty</span>}
      {asText && isJson && <Json text={text} />}
      {asText && !isJson && <bdi>{visible(text)}</bdi>}
      {!asText && (
        <>
          {hexText(shown)} <span className="dim">{asciiOf(shown)}</span>
        </>
      )}
      {shown.length < bytes.length && (
        <span className="dim"> … {formatSize(bytes.length)} in all</span>
      )}
    </div>
  );
}

function Json({ text }: { text: string }) {
  return (
    <bdi>
      {jsonTokens(text).map(({ text, kind }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: tokens never move
        <span key={index} className={kind && `json-${kind}`}>
          {visible(text)}
        </span>
      ))}
    </bdi>
  );
}
