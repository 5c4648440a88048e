import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { hostPort, timestampMs } from "../connection/row";
import type { Flow } from "../gen/mitmflow/v1/mitmflow_pb";
import {
  type Cert,
  type ClientConn,
  type ServerConn,
  TLSVersion,
  TransportProtocol,
  ViaProtocol,
} from "../gen/mitmproxy/v1/mitmproxy_pb";
import { formatDateTime } from "../ui/format";
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

function common(end: ClientConn | ServerConn): Field[] {
  return [
    ["Peer", hostPort(end.peernameHost, end.peernamePort)],
    ["Own end", hostPort(end.socknameHost, end.socknamePort)],
    ["Transport", transport(end.transportProtocol)],
    ["Error", end.error],
  ];
}

function tls(end: ClientConn | ServerConn): Field[] {
  if (!end.tls) return [["TLS", "no"]];
  return [
    ["TLS", tlsNames[end.tlsVersion] ?? "yes"],
    ["Cipher", end.cipher],
    ["SNI", end.sni],
    ["ALPN", headerText(end.alpn)],
    ["ALPN offered", end.alpnOffers.map(headerText).join(", ")],
  ];
}

function times(end: ClientConn | ServerConn): Field[] {
  const tcp = "timestampTcpSetup" in end ? end.timestampTcpSetup : undefined;
  return [
    ["Begun", when(end.timestampStart)],
    ["TCP ready", when(tcp)],
    ["TLS ready", when(end.timestampTlsSetup)],
    ["Ended", when(end.timestampEnd)],
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

function ends(flow: Flow): { client?: ClientConn; server?: ServerConn } {
  const { client, server } = flow.flow.value ?? {};
  return { ...(client && { client }), ...(server && { server }) };
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
            ["Mode", client.proxyMode],
          ]}
        />
      )}
      {server && (
        <Fields
          title="Server"
          fields={[
            ["Address", hostPort(server.addressHost, server.addressPort)],
            ...common(server),
            ["Via", viaText(server)],
            ...tls(server),
            ...times(server),
          ]}
        />
      )}
      <Certificates list={server?.certificateList ?? []} whose="Server" />
      <Certificates list={client?.certificateList ?? []} whose="Client" />
      {client?.mitmcert && (
        <CertFields cert={client.mitmcert} title="Shown to the client by mitmproxy" />
      )}
    </>
  );
}
