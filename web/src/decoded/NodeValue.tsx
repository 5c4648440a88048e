import { useMemo, useState } from "react";
import { asciiOf, hexText } from "../bodies/hex";
import { ImageView } from "../bodies/ImageView";
import { imageType } from "../bodies/kinds";
import { type Node, NodeKind } from "../gen/mitmflow/v1/mitmflow_pb";
import { visible, visibleLine } from "../ui/captured";
import { takeFocus } from "../ui/handOver";
import { JsonText } from "./JsonText";

// A longer value is shown to here until the reader asks for more.
const shownLen = 2000;
const shownBytes = 256;

function valueClass({ kind }: Node): string {
  if (kind === NodeKind.NUMBER || kind === NodeKind.TIME) return "json-number";
  if (kind === NodeKind.BOOL || kind === NodeKind.NULL || kind === NodeKind.ENUM)
    return "json-word";
  return kind === NodeKind.TEXT ? "json-string" : "";
}

/* What a node has to say. `bytes` are those of the body it is in. */
export function NodeValue({ node, bytes }: { node: Node; bytes: Uint8Array }) {
  const { text, data, also, cut, guess, kind, type } = node;
  const picture = useMemo(() => pictureOf(node, bytes), [node, bytes]);
  return (
    <span className="value">
      {text && type === "json" ? (
        <JsonText text={text} />
      ) : (
        text && <Text text={text} className={valueClass(node)} />
      )}
      {data.length > 0 && <Bytes data={data} />}
      {also && (
        <bdi className="dim">
          {text || data.length > 0 ? " " : ""}
          {visibleLine(also)}
        </bdi>
      )}
      {cut && <span className="dim"> …</span>}
      {guess && kind !== NodeKind.GROUP && (
        <span className="dim" title="Nothing but its looks says that it is this">
          {" "}
          (a guess)
        </span>
      )}
      {picture && <ImageView bytes={picture} />}
    </span>
  );
}

/* The part of a body that is an image by itself. */
function pictureOf({ kind, offset, length }: Node, bytes: Uint8Array) {
  if (kind !== NodeKind.PART || length === 0n) return null;
  const [from, to] = [Number(offset), Number(offset + length)];
  if (to > bytes.length) return null;
  const part = bytes.subarray(from, to);
  return imageType(part) ? part : null;
}

function Text({ text, className }: { text: string; className: string }) {
  const [all, setAll] = useState(false);
  const shown = all ? text : text.slice(0, shownLen);
  return (
    <>
      <bdi
        className={className}
        tabIndex={all ? -1 : undefined}
        ref={all ? takeFocus : undefined}
      >
        {visible(shown)}
      </bdi>
      {shown.length < text.length && <More onMore={() => setAll(true)} />}
    </>
  );
}

function Bytes({ data }: { data: Uint8Array }) {
  const [all, setAll] = useState(false);
  const shown = all ? data : data.subarray(0, shownBytes);
  return (
    <>
      <span tabIndex={all ? -1 : undefined} ref={all ? takeFocus : undefined}>
        {hexText(shown)} <span className="dim">{asciiOf(shown)}</span>
      </span>
      {shown.length < data.length && <More onMore={() => setAll(true)} />}
    </>
  );
}

function More({ onMore }: { onMore(): void }) {
  return (
    <>
      {"\u2026 "}
      <button type="button" className="link" onClick={onMore}>
        Show more
      </button>
    </>
  );
}
