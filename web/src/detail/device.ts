import type { ClientConn } from "../gen/mitmproxy/v1/mitmproxy_pb";

/* A mode may name a file of keys: its stem is the device, its path is nobody's. */
const wireGuard = /^wireguard:(?:.*\/)?([^/@]+?)(?:\.conf)?(@.*)?$/;

const words: Record<string, string> = {
  regular: "as its HTTP proxy",
  socks5: "as its SOCKS proxy",
  transparent: "redirected, without knowing",
  reverse: "as if it were the server",
  upstream: "as its HTTP proxy, and on to another",
  wireguard: "through a WireGuard tunnel",
  tun: "through a network interface",
  dns: "as its DNS server",
  local: "taken from this machine",
};

/* How the client came to the proxy; the mode as mitmproxy spells it. */
export function modeText(mode: string): string {
  if (!mode) return "";
  const kind = /^[a-z0-9]+/.exec(mode)?.[0] ?? "";
  const spec = wireGuard.test(mode) ? mode.replace(wireGuard, "wireguard:$1$2") : mode;
  const meaning = Object.hasOwn(words, kind) ? words[kind] : undefined;
  return meaning ? `${spec} (${meaning})` : spec;
}

/* What tells one device from another, by default. */
export function deviceOf(client: ClientConn): string {
  const peer = wireGuard.exec(client.proxyMode)?.[1];
  if (peer) return `${peer} (WireGuard peer)`;
  if (/^wireguard(@|$)/.test(client.proxyMode)) {
    return `${client.peernameHost}: all peers of this tunnel have this address; a tunnel for each tells them apart`;
  }
  return client.peernameHost;
}
