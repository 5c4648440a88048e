import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { hostPort, timestampMs } from "../connection/row";
import type { Flow, KnownConnection } from "../gen/mitmflow/v1/mitmflow_pb";
import {
  type Cert,
  type ClientConn,
  type ServerConn,
  TLSVersion,
  TransportProtocol,
  ViaProtocol,
} from "../gen/mitmproxy/v1/mitmproxy_pb";
import { formatDateTime } from "../ui/format";
import { deviceOf, modeText } from "./device";
import { type Field, Fields } from "./Fields";
import { headerText } from "./headers";

const tlsNames: Partial<Record<TLSVersion, string>> = {
  [TLSVersion.TLS_VERSION_SSLV3]: "SSL 3",
  [TLSVersion.TLS_VERSION_TLSV1]: "TLS 1.0",
  [TLSVersion.TLS_VERSION_TLSV1_1]: "TLS 1.1",
  [TLSVersion.TLS_VERSION_TLSV1_2]: "TLS 1.2",
  [TLSVersion.TLS_VERSION_TLSV1_3]: "TLS 1.3",
  [TLSVersion.TLS_VERSION_DTLSV0_9]: "DTLS 0.9",
  [TLSVersion.TLS_VERSION_DTLSV1]: "DTLS 1.0",
  [TLSVersion.TLS_VERSION_DTLSV1_2]: "DTLS 1.2",
  [TLSVersion.TLS_VERSION_QUICV1]: "QUIC 1",
};

function when(time: Timestamp | undefined): string {
  return time ? formatDateTime(timestampMs(time)) : "";
}

function transport(protocol: TransportProtocol): string {
  return protocol === TransportProtocol.UNSPECIFIED ? "" : TransportProtocol[protocol];
}

interface End<Conn> {
  /* As it was at the flow's last event. */
  conn: Conn;
  /* What became of it since. */
  known: KnownConnection | undefined;
}

function stateOf(known: KnownConnection | undefined): string {
  if (!known) return "";
  if (known.closedAt) return "closed";
  return known.error ? "failed" : "open";
}

function common({ conn, known }: End<ClientConn | ServerConn>): Field[] {
  return [
    ["Peer", hostPort(conn.peernameHost, conn.peernamePort)],
    ["Own end", hostPort(conn.socknameHost, conn.socknamePort)],
    ["Transport", transport(conn.transportProtocol)],
    ["State", stateOf(known)],
    ["Error", known?.error || conn.error],
  ];
}

function tls({ conn, known }: End<ClientConn | ServerConn>): Field[] {
  const later = known?.client ?? known?.server;
  const end = !conn.tls && later?.tls ? later : conn;
  if (!end.tls) return [["TLS", "no"]];
  return [
    ["TLS", tlsNames[end.tlsVersion] ?? "yes"],
    ["Cipher", end.cipher],
    ["SNI", end.sni],
    ["ALPN", headerText(end.alpn)],
    ["ALPN offered", end.alpnOffers.map(headerText).join(", ")],
    ["Ciphers offered", ciphers(end.cipherList)],
  ];
}

function ciphers(list: readonly string[]): string {
  return list.length > 0 ? `${list.length}: ${list.join(", ")}` : "";
}

function times({ conn, known }: End<ClientConn | ServerConn>): Field[] {
  const later = known?.client ?? known?.server;
  const tcp = "timestampTcpSetup" in conn ? conn.timestampTcpSetup : undefined;
  return [
    ["Begun", when(conn.timestampStart ?? known?.openedAt)],
    ["TCP ready", when(tcp)],
    ["TLS ready", when(conn.timestampTlsSetup ?? later?.timestampTlsSetup)],
    ["Ended", when(conn.timestampEnd ?? known?.closedAt)],
  ];
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

function names(map: Readonly<Record<string, string>>): string {
  return Object.entries(map)
    .map(([key, value]) => `${key}=${value}`)
    .join(", ");
}

function CertFields({ cert, title }: { cert: Cert; title: string }) {
  const key = Object.entries(cert.keyinfo).map(([kind, bits]) => `${kind}, ${bits} bits`);
  return (
    <Fields
      title={title}
      fields={[
        ["Subject", names(cert.subjects) || cert.cn],
        ["Issuer", names(cert.issuers)],
        ["Valid from", when(cert.notbefore)],
        ["Valid until", `${when(cert.notafter)}${cert.hasexpired ? " (expired)" : ""}`],
        ["Names", cert.altnames.join(", ")],
        ["Key", key.join("; ")],
        ["Serial", cert.serial],
        ["SHA-256", hex(cert.fingerprint)],
        ["Authority", cert.isCa ? "yes" : ""],
      ]}
    />
  );
}

function Certificates({ list, whose }: { list: readonly Cert[]; whose: string }) {
  return list.map((cert, index) => {
    const title = index === 0 ? `${whose} certificate` : `Its chain, ${index}`;
    // biome-ignore lint/suspicious/noArrayIndexKey: a chain has an order and may repeat
    return <CertFields key={index} cert={cert} title={title} />;
  });
}

interface Ends {
  client: End<ClientConn> | null;
  server: End<ServerConn> | null;
}

function ends(flow: Flow): Ends {
  const { client, server } = flow.flow.value ?? {};
  const known = flow.connections;
  return {
    client: client ? { conn: client, known: known?.client } : null,
    server: server ? { conn: server, known: known?.server } : null,
  };
}

function viaText(server: ServerConn): string {
  const { via } = server;
  if (!via) return "";
  return `${ViaProtocol[via.protocol].toLowerCase()}://${hostPort(via.host, via.port)}`;
}

export function Connection({ flow }: { flow: Flow }) {
  const { client, server } = ends(flow);
  if (!client && !server)
    return <p className="nothing">Nothing is known of its connections.</p>;
  return (
    <>
      {client && (
        <Fields
          title="Client"
          fields={[
            ...common(client),
            ...tls(client),
            ...times(client),
            ["Came by", modeText(client.conn.proxyMode)],
            ["Device", deviceOf(client.conn)],
          ]}
        />
      )}
      {server && (
        <Fields
          title="Server"
          fields={[
            ["Address", hostPort(server.conn.addressHost, server.conn.addressPort)],
            ...common(server),
            ["Via", viaText(server.conn)],
            ...tls(server),
            ...times(server),
          ]}
        />
      )}
      <Certificates list={server?.conn.certificateList ?? []} whose="Server" />
      <Certificates list={client?.conn.certificateList ?? []} whose="Client" />
      {client?.conn.mitmcert && (
        <CertFields
          cert={client.conn.mitmcert}
          title="Shown to the client by mitmproxy"
        />
      )}
    </>
  );
}
