import type { Timestamp } from "@bufbuild/protobuf/wkt";
import {
  type DnsFlowSummary,
  FlowState,
  type FlowSummary,
  type HttpFlowSummary,
} from "../gen/mitmflow/v1/mitmflow_pb";
import { visibleName as visibleWhole } from "../ui/captured";
import { dayOf } from "../ui/format";

export type Kind = "http" | "ws" | "dns" | "tcp" | "udp";
export type State = "live" | "ended" | "cut";
/* Which colour a status takes; text beside it always says the same. */
export type Tone = "info" | "good" | "warn" | "bad" | "worse" | "mute";

/*
 * What the list draws of a flow, made once where the stream ends (in the
 * worker) and sent to tabs as it is. Texts are safe to draw on one line.
 */
export interface Row {
  /* The server's number and change; both stay far below 2^53. */
  number: number;
  change: number;
  kind: Kind;
  state: State;
  startMs: number;
  day: number;
  source: string;
  /* Whose flow it is: the stem of a WireGuard configuration, or an address. */
  device: string;
  /* Of the response, without parameters. */
  contentType: string;
  badge: string;
  host: string;
  path: string;
  query: string;
  status: string;
  tone: Tone;
  size: number | null;
  durationMs: number | null;
  messages: number;
  pinned: boolean;
  noted: boolean;
  error: string;
  tls: boolean;
}

// A list shows less of it; the open flow shows all.
const longestText = 2000;

function visibleLine(text: string): string {
  return visibleWhole(text.length > longestText ? text.slice(0, longestText) : text);
}

export function timestampMs(time: Timestamp | undefined): number {
  return time ? Number(time.seconds) * 1000 + time.nanos / 1e6 : 0;
}

export function timestampOf(ms: number): { seconds: bigint; nanos: number } {
  const seconds = Math.floor(ms / 1000);
  return { seconds: BigInt(seconds), nanos: Math.round((ms - seconds * 1000) * 1e6) };
}

export interface UrlParts {
  scheme: string;
  host: string;
  path: string;
  query: string;
}

/*
 * Takes a captured URL apart without judging it: every byte of it is in
 * one of the parts, and anything at all is accepted.
 */
export function splitUrl(url: string): UrlParts {
  const match = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*)(.*)$/is.exec(url);
  const [scheme = "", host = "", rest = ""] = match ? match.slice(1) : ["", "", url];
  const mark = rest.search(/[?#]/);
  if (mark < 0) return { scheme, host, path: rest, query: "" };
  return { scheme, host, path: rest.slice(0, mark), query: rest.slice(mark) };
}

const states: Record<FlowState, State> = {
  [FlowState.UNSPECIFIED]: "ended",
  [FlowState.LIVE]: "live",
  [FlowState.ENDED]: "ended",
  [FlowState.CUT_OFF]: "cut",
};

// RFC 1035 and RFC 6895: the response codes that are met in practice.
const dnsCodes = [
  "ok",
  "FORMERR",
  "SERVFAIL",
  "NXDOMAIN",
  "NOTIMP",
  "REFUSED",
  "YXDOMAIN",
  "YXRRSET",
  "NXRRSET",
  "NOTAUTH",
  "NOTZONE",
];

export function dnsCodeName(code: number): string {
  return dnsCodes[code] ?? `code ${code}`;
}

export function statusTone(code: number): Tone {
  const tones: Tone[] = ["mute", "info", "good", "warn", "bad", "worse"];
  return tones[Math.floor(code / 100)] ?? "worse";
}

/* IPv6 addresses are bracketed where a port follows. */
export function hostPort(host: string, port: number): string {
  if (!host) return "";
  const name = host.includes(":") ? `[${host}]` : host;
  return port ? `${name}:${port}` : host;
}

type Part = Pick<Row, "kind" | "badge" | "host" | "path" | "query" | "status" | "tone">;

/* `wireguard:PATH/phone1.conf@51821` is phone1. */
export function deviceOf(proxyMode: string, client: string): string {
  const stem = /^wireguard:(?:.*\/)?([^/]+?)(?:\.conf)?(?:@[^@/]*)?$/.exec(proxyMode);
  return visibleLine(stem?.[1] ?? client);
}

function essence(contentType: string): string {
  return visibleLine(contentType.replace(/;.*/s, "").trim().toLowerCase());
}

function unanswered(state: State, failed: boolean): Pick<Row, "status" | "tone"> {
  if (failed) return { status: "error", tone: "bad" };
  if (state === "cut") return { status: "cut off", tone: "warn" };
  if (state === "live") return { status: "\u2026", tone: "mute" };
  return { status: "\u2013", tone: "mute" };
}

function httpPart(http: HttpFlowSummary, state: State, failed: boolean): Part {
  const url = splitUrl(http.prettyUrl || http.url);
  const answer = http.statusCode
    ? { status: String(http.statusCode), tone: statusTone(http.statusCode) }
    : unanswered(state, failed);
  return {
    kind: http.isWebsocket ? "ws" : "http",
    badge: visibleLine(http.isWebsocket ? "WS" : http.method || "HTTP"),
    host: visibleLine(
      url.host || hostPort(http.serverAddressHost, http.serverAddressPort),
    ),
    path: visibleLine(url.path),
    query: visibleLine(url.query),
    ...answer,
  };
}

function dnsPart(dns: DnsFlowSummary, state: State, failed: boolean): Part {
  const answers = dns.answers.length > 0 ? ` \u2192 ${dns.answers.join(", ")}` : "";
  const answer = dns.hasResponse
    ? {
        status: dnsCodeName(dns.responseCode),
        tone: dns.responseCode === 0 ? ("good" as const) : ("bad" as const),
      }
    : unanswered(state, failed);
  return {
    kind: "dns",
    badge: "DNS",
    host: visibleLine(hostPort(dns.serverAddressHost, dns.serverAddressPort)),
    path: visibleLine(`${dns.questionType} ${dns.questionName}`.trim()),
    query: visibleLine(answers),
    ...answer,
  };
}

function rawPart(
  kind: "tcp" | "udp",
  summary: FlowSummary,
  end: { serverAddressHost: string; serverAddressPort: number },
  state: State,
  failed: boolean,
): Part {
  const count = summary.messageCount;
  const open = { status: "open", tone: "info" as const };
  const ended = { status: "ended", tone: "good" as const };
  const answer =
    state === "live" ? open : state === "ended" ? ended : unanswered(state, false);
  return {
    kind,
    badge: kind.toUpperCase(),
    host: visibleLine(hostPort(end.serverAddressHost, end.serverAddressPort)),
    // A connection that failed at its beginning has its error there.
    path: failed && count === 0 ? "" : `${count} message${count === 1 ? "" : "s"}`,
    query: "",
    ...(failed ? unanswered(state, true) : answer),
  };
}

function partOf(summary: FlowSummary, state: State, failed: boolean): Part {
  const of = summary.summary;
  switch (of.case) {
    case "http":
      return httpPart(of.value, state, failed);
    case "dns":
      return dnsPart(of.value, state, failed);
    case "tcp":
    case "udp":
      return rawPart(of.case, summary, of.value, state, failed);
    default:
      return {
        kind: "tcp",
        badge: visibleLine(summary.type.toUpperCase() || "?"),
        host: "",
        path: "",
        query: "",
        ...unanswered(state, failed),
      };
  }
}

function errorOf(summary: FlowSummary): string {
  if (summary.error) return summary.error;
  const of = summary.summary;
  return of.case === "dns" || of.case === "tcp" || of.case === "udp"
    ? of.value.error
    : "";
}

export function toRow(summary: FlowSummary): Row {
  const state = states[summary.state] ?? "ended";
  const error = visibleLine(errorOf(summary));
  const startMs = timestampMs(summary.timestampStart);
  const bytes = Number(summary.clientBytes + summary.serverBytes);
  const pending = state === "live" && bytes === 0;
  return {
    number: Number(summary.number),
    change: Number(summary.change),
    state,
    startMs,
    day: startMs ? dayOf(startMs) : 0,
    source: visibleLine(summary.source),
    device: deviceOf(summary.proxyMode, summary.summary.value?.clientPeernameHost ?? ""),
    contentType:
      summary.summary.case === "http" ? essence(summary.summary.value.contentType) : "",
    ...partOf(summary, state, error !== ""),
    size: pending ? null : bytes,
    durationMs: pending ? null : summary.durationMs,
    messages: summary.messageCount,
    pinned: summary.pinned,
    noted: summary.note !== "",
    error,
    tls: summary.tls,
  };
}
