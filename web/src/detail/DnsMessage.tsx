import type { BodySource } from "../bodies/source";
import { dnsCodeName, type Row } from "../connection/row";
import { DecodedView } from "../decoded/DecodedView";
import { useDecoded } from "../decoded/useDecoded";
import type { DNSMessage, DNSResourceRecord } from "../gen/mitmproxy/v1/mitmproxy_pb";
import { visibleName } from "../ui/captured";
import { recordText } from "./dns";
import { Fields } from "./Fields";

function Records({
  title,
  records,
}: {
  title: string;
  records: readonly DNSResourceRecord[];
}) {
  if (records.length === 0) return null;
  return (
    <section className="fields">
      <h3>
        {title}
        <small>{records.length}</small>
      </h3>
      <table className="records">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Type</th>
            <th scope="col" className="n">
              TTL
            </th>
            <th scope="col">Data</th>
          </tr>
        </thead>
        <tbody>
          {records.map((record, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: records may repeat, and never move
            <tr key={index}>
              <td>
                <bdi>{visibleName(record.name)}</bdi>
              </td>
              <td>
                <bdi>{visibleName(record.type)}</bdi>
              </td>
              <td className="n">{record.ttl}</td>
              <td>
                <bdi>{visibleName(recordText(record))}</bdi>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const noBytes = new Uint8Array();

const yes = (is: boolean, word: string) => (is ? word : "");

interface Props {
  message: DNSMessage | undefined;
  source: BodySource;
  row: Row;
}

/* A query or an answer: as the server reads it, else as the proxy did. */
export function DnsMessage({ message, source, row }: Props) {
  const decoded = useDecoded(source);
  if (!message)
    return (
      <p className="nothing">
        {row.error ? `There is no answer: ${row.error}` : "There is no answer."}
      </p>
    );
  if (!decoded) return <div className="nothing" aria-busy="true" />;
  if (decoded.nodes.length > 0) {
    return (
      <div className="dns">
        <DecodedView decoded={decoded} bytes={noBytes} />
      </div>
    );
  }
  return <AsTold message={message} />;
}

function AsTold({ message }: { message: DNSMessage }) {
  const flags = [
    yes(message.authoritativeAnswer, "authoritative"),
    yes(message.truncation, "truncated"),
    yes(message.recursionDesired, "recursion desired"),
    yes(message.recursionAvailable, "recursion available"),
  ];
  const questions = message.questions.map((q) => `${q.name} ${q.class} ${q.type}`);
  return (
    <>
      <Fields
        title={message.query ? "Query" : "Answer"}
        fields={[
          ["Question", questions.join("; ")],
          ["Code", message.query ? "" : dnsCodeName(message.responseCode)],
          ["Flags", flags.filter(Boolean).join(", ")],
          ["Id", String(message.id)],
          ["Operation", message.opCode ? String(message.opCode) : ""],
        ]}
      />
      <Records title="Answers" records={message.answers} />
      <Records title="Authorities" records={message.authorities} />
      <Records title="Additionals" records={message.additionals} />
    </>
  );
}
