import { BodyView } from "../bodies/BodyView";
import type { BodySource } from "../bodies/source";
import { DecodedView } from "../decoded/DecodedView";
import { useDecoded } from "../decoded/useDecoded";
import { BodyPlace } from "../gen/mitmflow/v1/mitmflow_pb";
import type { Request, Response } from "../gen/mitmproxy/v1/mitmproxy_pb";
import { HeaderTable } from "./HeaderTable";
import { headersOf } from "./headers";
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
      <InHeaders source={source} />
      <BodyView source={source} fileName={fileName} />
      {trailers.length > 0 && <HeaderTable title="Trailers" headers={trailers} />}
    </>
  );
}

/* Cookies and tokens in the fields. */
function InHeaders({ source }: { source: BodySource }) {
  const place =
    source.place === BodyPlace.REQUEST
      ? BodyPlace.REQUEST_HEADERS
      : BodyPlace.RESPONSE_HEADERS;
  const decoded = useDecoded({ ...source, place });
  if (!decoded || decoded.nodes.length === 0) return null;
  return (
    <details className="fields fold">
      <summary>Inside the headers</summary>
      <DecodedView decoded={decoded} bytes={noBytes} />
    </details>
  );
}
