import { type RefObject, useEffect, useMemo, useRef, useState } from "react";
import { DecodedView } from "../decoded/DecodedView";
import type { Decoded } from "../decoded/decode";
import { useDecoded } from "../decoded/useDecoded";
import { formatSize } from "../ui/format";
import { useHandOver, useReturning } from "../ui/handOver";
import { Seg } from "../ui/Seg";
import { wordsOf } from "../wire/failure";
import { BodyTools } from "./BodyTools";
import { HexView } from "./HexView";
import { ImageView } from "./ImageView";
import { charsetOf, imageType } from "./kinds";
import {
  declaration,
  inOrder,
  isReadAsItIs,
  kindName,
  type Mode,
  modeNames,
  modesOf,
  styleOf,
} from "./modes";
import { problemOf } from "./problem";
import type { BodySource } from "./source";
import { LazyText, type TextHandle, useTextHandle } from "./text/LazyText";
import { isLight } from "./text/laying";
import type { Style } from "./text/layout";
import { type LoadedBody, useBody } from "./useBody";

interface Props {
  source: BodySource;
  fileName: string;
  /* Where it is one of many, it has no heading of its own. */
  title?: string;
}

// Images are drawn whole, where they are not longer than this.
const longestImage = 20_000_000;

/* A body, in whatever way it can be read best. */
export function BodyView({ source, fileName, title = "Body" }: Props) {
  const [raw, setRaw] = useState(false);
  const body = useBody(source, raw);
  const [chosen, setChosen] = useState<Mode | null>(null);
  const text = useTextHandle();
  const section = useRef<HTMLElement>(null);
  const onRawRef = useReturning();
  const { info, bytes } = body;
  const asItIs = info !== null && isReadAsItIs(info);
  const decoded = useDecoded(source, info ? (asItIs ? "later" : "now") : "never");

  if (body.error && !info) return <Failed title={title} error={body.error} />;
  if (!info) return <section className="body" aria-busy="true" aria-label={title} />;
  const problem = problemOf(info, body.fault);
  if (bytes.length === 0 && body.size !== null && body.coming === null) {
    return (
      <section className="body" aria-label={title}>
        <h3>
          {title} <small>{problem ? "" : "empty"}</small>
        </h3>
        {problem && <p className="alert">{problem}</p>}
        {!raw && info.contentEncoding && info.keptSize > 0n && (
          <button
            ref={onRawRef}
            type="button"
            className="button"
            onClick={() => setRaw(true)}
          >
            Show it as it was on the wire
          </button>
        )}
        <DecodedIfAny decoded={decoded} />
      </section>
    );
  }
  const style = styleOf(info, bytes);
  const isTold = decoded ? decoded.nodes.length > 0 || decoded.error !== "" : !asItIs;
  const possible: Mode[] = raw ? ["hex", "raw"] : modesOf(info, bytes, style, isTold);
  const mode = chosen && possible.includes(chosen) ? chosen : (possible[0] ?? "hex");
  return (
    <section ref={section} tabIndex={-1} className="body" aria-label={title}>
      <h3>
        {title}
        <small>{factsOf(body, style, raw)}</small>
        <span className="tools">
          <Seg<Mode>
            label="Show the body as"
            options={inOrder(possible).map((name) => [name, modeNames[name]])}
            value={mode}
            onValue={setChosen}
          />
          <BodyTools
            body={body}
            source={source}
            fileName={fileName}
            raw={raw}
            onRaw={info.contentEncoding ? setRaw : null}
            onRawRef={onRawRef}
            text={mode === "pretty" || mode === "raw" ? text : null}
            canFold={mode === "pretty" && style === "json"}
          />
        </span>
      </h3>
      {problem && <p className="alert">{problem}</p>}
      <Shown mode={mode} body={body} decoded={decoded} text={text} />
      {mode !== "decoded" && (
        <Rest body={body} onEnd={() => (text.current ?? section.current)?.focus()} />
      )}
    </section>
  );
}

function factsOf(body: LoadedBody, style: Style, raw: boolean): string {
  const { info, bytes, size, coming, isBeginning } = body;
  if (!info) return "";
  const known = size ?? (info.contentEncoding && !raw ? null : Number(info.keptSize));
  const length =
    known === null ? `more than ${formatSize(bytes.length)}` : formatSize(known);
  const encoded = info.contentEncoding && !raw && info.wireSize > 0n;
  return [
    raw ? `${info.contentEncoding} as it was on the wire` : kindName(info, style),
    known !== null || (coming === null && !isBeginning) ? length : "",
    raw ? "" : declaration(info, style),
    encoded
      ? `${info.contentEncoding}, ${formatSize(Number(info.wireSize))} on the wire`
      : "",
  ]
    .filter(Boolean)
    .join(", ");
}

interface ShownProps {
  mode: Mode;
  body: LoadedBody;
  decoded: Decoded | null;
  text: RefObject<TextHandle | null>;
}

function Shown({ mode, body, decoded, text }: ShownProps) {
  const { info, bytes } = body;
  const style = useMemo(() => (info ? styleOf(info, bytes) : "plain"), [info, bytes]);
  if (!info) return null;
  switch (mode) {
    case "decoded":
      return decoded ? (
        <DecodedView decoded={decoded} bytes={bytes} />
      ) : (
        <div className="nothing" aria-busy="true" />
      );
    case "image":
      return <Picture body={body} />;
    case "hex":
      return <HexView bytes={bytes} />;
    default:
      // What is indented as a whole is not indented twice.
      if (mode === "pretty" && body.isBeginning && !isLight(style))
        return <div className="text-view" aria-busy="true" />;
      return (
        <LazyText
          ref={text}
          bytes={bytes}
          charset={charsetOf(info.charset)}
          style={style}
          pretty={mode === "pretty"}
        />
      );
  }
}

function Picture({ body }: { body: LoadedBody }) {
  const { bytes, size, coming, isBeginning, info, loadRest } = body;
  const isWhole = size !== null;
  const isAll = isWhole || isBeginning || coming !== null;
  const wanted = !isAll && Number(info?.keptSize) <= longestImage;
  useEffect(() => {
    if (wanted) loadRest();
  }, [wanted, loadRest]);
  return isWhole && imageType(bytes) ? <ImageView bytes={bytes} /> : null;
}

/* What is not here yet of a long body, and how to get it. */
function Rest({ body, onEnd }: { body: LoadedBody; onEnd(): void }) {
  const { info, bytes, size, coming, isBeginning, error, loadRest, stop } = body;
  const button = useHandOver(onEnd);
  if (isBeginning || (size !== null && !error)) return null;
  const whole = info && !info.contentEncoding ? Number(info.keptSize) : 0;
  const of = whole > 0 ? ` of ${formatSize(whole)}` : "";
  return (
    <p className="cut-off" role="status">
      {error ? `${wordsOf(error)} ` : ""}
      {coming === null
        ? `The first ${formatSize(bytes.length)}${of}. `
        : `${formatSize(bytes.length + coming)}${of} have come. `}
      <button
        ref={button}
        type="button"
        className="link"
        onClick={coming === null ? loadRest : stop}
      >
        {coming === null ? "Show all" : "Cancel"}
      </button>
    </p>
  );
}

function Failed({ title, error }: { title: string; error: unknown }) {
  return (
    <section className="body" aria-label={title}>
      <h3>{title}</h3>
      <p className="alert" role="alert">
        {wordsOf(error)}
      </p>
    </section>
  );
}

/* A message without bytes may say something by what stands around it. */
function DecodedIfAny({ decoded }: { decoded: Decoded | null }) {
  if (!decoded || decoded.nodes.length === 0) return null;
  return <DecodedView decoded={decoded} bytes={new Uint8Array()} />;
}
