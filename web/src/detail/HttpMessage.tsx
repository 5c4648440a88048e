import { useState } from "react";
import { BodyView } from "../bodies/BodyView";
import type { BodySource } from "../bodies/source";
import { DecodedView } from "../decoded/DecodedView";
import { useDecoded } from "../decoded/useDecoded";
import { BodyPlace } from "../gen/mitmflow/v1/mitmflow_pb";
import type { Request, Response } from "../gen/mitmproxy/v1/mitmproxy_pb";
import { HeaderTable } from "./HeaderTable";
import { type Header, headersOf } from "./headers";
import { UrlTable } from "./UrlTable";

interface Props {
  message: Request | Response | undefined;
  /* What the body is saved as. */
  fileName: string;
  missing: string;
  source: BodySource;
}

const noBytes = new Uint8Array();

/* One half of an HTTP exchange: headers, body, trailers. */
export function HttpMessage({ message, fileName, missing, source }: Props) {
  if (!message) return <p className="nothing">{missing}</p>;
  const headers = headersOf(message.headerFields, message.headers);
  const trailers = headersOf(message.trailerFields, message.trailers);
  const url = "url" in message ? message.prettyUrl || message.url : "";
  return (
    <>
      {"url" in message && url && <UrlTable url={url} asSent={message.url} />}
      <HeaderTable title="Headers" headers={headers} />
      {haveInside(headers) && <InHeaders source={source} />}
      <BodyView source={source} fileName={fileName} />
      {trailers.length > 0 && <HeaderTable title="Trailers" headers={trailers} />}
    </>
  );
}

const telling = /^(?:set-)?cookie$|^(?:proxy-)?authorization$/i;
const token = /\beyJ[\w-]+\.eyJ/;
// A token stands at the beginning, or it is none.
const lookedAt = 10_000;

function haveInside(headers: readonly Header[]): boolean {
  return headers.some(
    ({ name, value }) => telling.test(name) || token.test(value.slice(0, lookedAt)),
  );
}

/* Cookies and tokens in the fields, for who wants to know. */
function InHeaders({ source }: { source: BodySource }) {
  const [open, setOpen] = useState(false);
  return (
    <details
      className="fields fold"
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>Inside the headers</summary>
      {open && <Inside source={source} />}
    </details>
  );
}

function Inside({ source }: { source: BodySource }) {
  const place =
    source.place === BodyPlace.REQUEST
      ? BodyPlace.REQUEST_HEADERS
      : BodyPlace.RESPONSE_HEADERS;
  const decoded = useDecoded({ ...source, place });
  if (!decoded) return <div className="nothing" aria-busy="true" />;
  if (decoded.nodes.length === 0 && !decoded.error)
    return <p className="hint">Nothing that can be read further.</p>;
  return <DecodedView decoded={decoded} bytes={noBytes} />;
}
