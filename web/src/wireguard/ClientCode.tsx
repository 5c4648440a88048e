import { useId, useMemo, useState } from "react";
import { encode } from "uqr";
import { clientConf } from "./clientConf";
import "./wireguard.css";

// A configuration has some 300.
const fileMost = 65_536;
// Modules around a code that scanners want (ISO/IEC 18004, section 6.3.8).
const quietZone = 4;

/*
 * The QR code of a client's configuration, from which a phone takes it. That
 * holds a private key: it is drawn here, and neither kept nor sent.
 */
export function ClientCode() {
  const [text, setText] = useState("");
  const [isFailed, setFailed] = useState(false);
  const id = useId();
  const conf = useMemo(() => clientConf(text), [text]);
  const path = useMemo(() => conf && pathOf(conf), [conf]);
  const take = (file: File | undefined) => {
    setFailed(false);
    file
      ?.slice(0, fileMost)
      .text()
      .then(setText, () => setFailed(true));
  };
  const isWrong = text.trim() !== "" && conf === null;
  return (
    <section className="client-code" aria-label="QR code for a phone">
      <label className="field">
        For a QR code, paste the client's configuration
        <textarea
          rows={5}
          spellCheck={false}
          autoComplete="off"
          placeholder={"[Interface]\nPrivateKey = \u2026"}
          aria-describedby={id}
          aria-invalid={isWrong || (conf !== null && !path)}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </label>
      <label className="field">
        or choose its file
        <input type="file" onChange={(event) => take(event.target.files?.[0])} />
      </label>
      <p className="dim">
        It holds a private key, so the code is drawn in this page: nothing of it is kept
        or sent.
      </p>
      <div id={id} role="status">
        {isFailed && <p className="tone-bad">The file could not be read.</p>}
        {isWrong && (
          <p className="tone-bad">
            This is no client's configuration of WireGuard: that has an [Interface] with a
            PrivateKey, and a [Peer] with a PublicKey and an Endpoint.
          </p>
        )}
        {conf && !path && <p className="tone-bad">A QR code cannot hold so much.</p>}
        {path && <p>Scan it with the WireGuard app: Add a tunnel, from a QR code.</p>}
      </div>
      {path && <Code {...path} />}
    </section>
  );
}

interface Path {
  /* Of a side, in modules. */
  size: number;
  /* Around all that is dark, as SVG has it. */
  dark: string;
}

/* null: it is more than a code can hold. */
function pathOf(conf: string): Path | null {
  try {
    const { data, size } = encode(conf, { border: quietZone });
    const dark = data.flatMap((row, y) =>
      row.flatMap((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : [])),
    );
    return { size, dark: dark.join("") };
  } catch {
    return null;
  }
}

function Code({ size, dark }: Path) {
  return (
    <svg
      className="qr"
      viewBox={`0 0 ${size} ${size}`}
      role="img"
      aria-label="QR code of the client's configuration"
      shapeRendering="crispEdges"
    >
      <path className="qr-light" d={`M0 0h${size}v${size}h-${size}z`} />
      <path className="qr-dark" d={dark} />
    </svg>
  );
}
