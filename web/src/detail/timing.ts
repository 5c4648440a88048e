import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { timestampMs } from "../connection/row";
import type { Flow } from "../gen/mitmflow/v1/mitmflow_pb";
import type { ServerConn } from "../gen/mitmproxy/v1/mitmproxy_pb";

export interface Phase {
  name: string;
  fromMs: number;
  toMs: number;
}

export interface Timing {
  /* In order of their beginning. */
  phases: Phase[];
  fromMs: number;
  toMs: number;
  /* How long before the flow the connection to the server was ready; 0: it is
     among the phases, or not known. */
  readyBeforeMs: number;
}

type Time = Timestamp | undefined;

function phase(name: string, from: Time, to: Time): Phase[] {
  if (!from || !to) return [];
  const [fromMs, toMs] = [timestampMs(from), timestampMs(to)];
  return toMs >= fromMs ? [{ name, fromMs, toMs }] : [];
}

function connecting(server: ServerConn | undefined): Phase[] {
  if (!server) return [];
  const { timestampStart, timestampTcpSetup, timestampTlsSetup } = server;
  return [
    ...phase("Connect", timestampStart, timestampTcpSetup),
    ...phase("TLS", timestampTcpSetup, timestampTlsSetup),
  ];
}

function exchange(flow: Flow): Phase[] {
  const of = flow.flow;
  if (of.case === "httpFlow") {
    const { request, response } = of.value;
    const begun = request?.timestampStart ?? of.value.timestampStart;
    return [
      ...phase("Request", begun, request?.timestampEnd),
      ...phase("Wait", request?.timestampEnd ?? begun, response?.timestampStart),
      ...phase("Response", response?.timestampStart, response?.timestampEnd),
    ];
  }
  if (of.case === "dnsFlow") {
    const { request, response } = of.value;
    return phase("Answer", request?.timestamp, response?.timestamp);
  }
  return [];
}

// A connection may be made when the client's is, before it asks for anything.
const soonMs = 500;

/* When what of a flow happened; null: nobody told. */
export function timingOf(flow: Flow): Timing | null {
  const said = exchange(flow);
  const begun = said[0]?.fromMs;
  const made = connecting(flow.flow.value?.server);
  const readyMs = Math.max(...made.map(({ toMs }) => toMs));
  const before = begun === undefined || made.length === 0 ? 0 : begun - readyMs;
  const isOld = before > soonMs;
  const phases = [...(isOld ? [] : made), ...said].sort((a, b) => a.fromMs - b.fromMs);
  const [first] = phases;
  if (!first) return null;
  const toMs = Math.max(...phases.map((each) => each.toMs));
  return { phases, fromMs: first.fromMs, toMs, readyBeforeMs: isOld ? before : 0 };
}
