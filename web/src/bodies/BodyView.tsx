import { useMemo, useState } from "react";
import { NodeTree } from "../decoded/NodeTree";
import { type Branch, growTree } from "../decoded/tree";
import { type BodySource, type Decoded, useDecoded } from "../decoded/useDecoded";
import { copyText } from "../ui/clipboard";
import { formatSize } from "../ui/format";
import { download } from "./download";
import { HexView } from "./HexView";
import { ImageView } from "./ImageView";
import { type BodyKind, bodyKind, charsetOf } from "./kinds";
import { LineView } from "./LineView";

interface Props {
  bytes: Uint8Array;
  contentType: string;
  /* Content-Encoding, which the server has undone already. */
  encoding: string;
  /* Length on the wire where that is not the decoded length; else 0. */
  wireSize: number;
  /* Why this is not the whole body; empty if it is. */
  problem: string;
  fileName: string;
  source: BodySource;
}

type Mode = "decoded" | "image" | "pretty" | "text" | "hex";

const modesOf: Record<BodyKind, readonly Mode[]> = {
  image: ["image", "hex"],
  json: ["pretty", "text", "hex"],
  text: ["text", "hex"],
  binary: ["hex", "text"],
};

const modeNames: Record<Mode, string> = {
  decoded: "Decoded",
  image: "Image",
  pretty: "Pretty",
  text: "Text",
  hex: "Hex",
};

const kindNames: Record<BodyKind, string> = {
  image: "image",
  json: "JSON",
  text: "text",
  binary: "binary",
};

const order: readonly Mode[] = ["decoded", "image", "pretty", "text", "hex"];

/* Of these the server tells facts, or what stands in them; they are read as
 * they are. */
const readAsTheyAre = new Set([
  ...["bytes", "image", "font", "pdf", "audio", "video", "archive"],
  ...["text", "json", "xml", "html", "css", "javascript"],
]);

// A longer body is shown to here until the reader asks for the rest.
const shownLen = 1_000_000;

export function BodyView(props: Props) {
  const { bytes, contentType, encoding, wireSize, problem, fileName } = props;
  const kind = useMemo(() => bodyKind(bytes, contentType), [bytes, contentType]);
  const [chosen, setChosen] = useState<Mode | null>(null);
  const [all, setAll] = useState(false);
  const decoded = useDecoded(props.source);
  const tree = useMemo(() => growTree(decoded?.nodes ?? []), [decoded]);
  const modes = order.filter((mode) =>
    mode === "decoded" ? tree.length > 0 : modesOf[kind].includes(mode),
  );
  const plain = modesOf[kind][0] ?? "hex";
  const first =
    tree.length > 0 && !readAsTheyAre.has(decoded?.kind ?? "") ? "decoded" : plain;
  const mode = chosen && modes.includes(chosen) ? chosen : first;
  // The same object as long as it is the same bytes: reading them is work.
  const shown = useMemo(() => (all ? bytes : bytes.subarray(0, shownLen)), [all, bytes]);
  const cut = mode !== "image" && mode !== "decoded" && shown.length < bytes.length;

  if (bytes.length === 0) {
    return (
      <section className="body">
        <h3>
          Body <small>{problem ? "" : "empty"}</small>
        </h3>
        {problem && <p className="alert">{problem}</p>}
      </section>
    );
  }
  const copy = () => void copyText(new TextDecoder(charsetOf(contentType)).decode(bytes));
  return (
    <section className="body" aria-label="Body">
      <h3>
        Body
        <small>
          {first === "decoded" ? decoded?.kind : kindNames[kind]},{" "}
          {formatSize(bytes.length)}
          {wireSize > 0 && encoding ? `, ${formatSize(wireSize)} on the wire` : ""}
        </small>
        <span className="tools">
          <ModeSwitch modes={modes} mode={mode} onMode={setChosen} />
          {kind !== "image" && kind !== "binary" && (
            <button type="button" onClick={copy}>
              Copy
            </button>
          )}
          <button type="button" onClick={() => download(bytes, fileName)}>
            Save
          </button>
        </span>
      </h3>
      {problem && <p className="alert">{problem}</p>}
      {mode === "decoded" && decoded && <DecodedBody decoded={decoded} tree={tree} />}
      {mode === "image" && <ImageView bytes={bytes} />}
      {mode === "hex" && <HexView bytes={shown} />}
      {(mode === "pretty" || mode === "text") && (
        <LineView
          key={mode}
          bytes={shown}
          charset={charsetOf(contentType)}
          pretty={mode === "pretty"}
        />
      )}
      {cut && (
        <p className="cut-off">
          The first {formatSize(shown.length)} of {formatSize(bytes.length)}.{" "}
          <button type="button" className="link" onClick={() => setAll(true)}>
            Show all
          </button>
        </p>
      )}
    </section>
  );
}

function DecodedBody({ decoded, tree }: { decoded: Decoded; tree: Branch[] }) {
  return (
    <>
      {decoded.error && <p className="alert">{decoded.error}</p>}
      <NodeTree branches={tree} />
      {decoded.limited && <p className="cut-off">There is more than is shown here.</p>}
    </>
  );
}

interface SwitchProps {
  modes: readonly Mode[];
  mode: Mode;
  onMode(mode: Mode): void;
}

function ModeSwitch({ modes, mode, onMode }: SwitchProps) {
  return (
    <fieldset className="seg" aria-label="Show the body as">
      {modes.map((name) => (
        <button
          key={name}
          type="button"
          aria-pressed={name === mode}
          onClick={() => onMode(name)}
        >
          {modeNames[name]}
        </button>
      ))}
    </fieldset>
  );
}
