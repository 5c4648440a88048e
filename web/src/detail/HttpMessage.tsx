import { BodyView } from "../bodies/BodyView";
import { problemOf } from "../bodies/problem";
import type { BodySource } from "../decoded/useDecoded";
import type { MessageDetails } from "../gen/mitmflow/v1/mitmflow_pb";
import type { Request, Response } from "../gen/mitmproxy/v1/mitmproxy_pb";
import { visibleLine } from "../ui/captured";
import { formatSize } from "../ui/format";
import { type Header, headersOf, headerValue } from "./headers";

interface Props {
  message: Request | Response | undefined;
  details: MessageDetails | undefined;
  /* What the body is saved as. */
  fileName: string;
  missing: string;
  source: BodySource;
}

export function HeaderList({ title, headers }: { title: string; headers: Header[] }) {
  const bytes = headers.reduce(
    (sum, { name, value }) => sum + name.length + value.length + 4,
    0,
  );
  return (
    <section className="fields">
      <h3>
        {title}
        <small>
          {headers.length}, {formatSize(bytes)}
        </small>
      </h3>
      <dl className="headers">
        {headers.map(({ name, value }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: headers repeat, and never move
          <div key={index}>
            <dt>
              <bdi>{visibleLine(name)}</bdi>
            </dt>
            <dd>
              <bdi>{visibleLine(value)}</bdi>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/* One half of an HTTP exchange: headers, body, trailers. */
export function HttpMessage({ message, details, fileName, missing, source }: Props) {
  if (!message) return <p className="nothing">{missing}</p>;
  const headers = headersOf(message.headerFields, message.headers);
  const trailers = headersOf(message.trailerFields, message.trailers);
  const undecoded = details?.decodeError ?? "";
  const content =
    undecoded && message.content.length === 0 ? message.rawContent : message.content;
  return (
    <>
      <HeaderList title="Headers" headers={headers} />
      {trailers.length > 0 && <HeaderList title="Trailers" headers={trailers} />}
      <BodyView
        bytes={content}
        contentType={headerValue(headers, "content-type")}
        encoding={headerValue(headers, "content-encoding")}
        wireSize={message.rawContent.length}
        problem={problemOf(message, undecoded)}
        fileName={fileName}
        source={source}
      />
    </>
  );
}
