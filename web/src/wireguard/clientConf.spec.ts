import { describe, expect, it } from "vitest";
import { clientConf } from "./clientConf";

const key = (letter: string) => `${letter.repeat(43)}=`;
const printed = [
  "[Interface]",
  `PrivateKey = ${key("a")}`,
  "Address = 10.0.0.1/32",
  "DNS = 10.0.0.53",
  "",
  "[Peer]",
  `PublicKey = ${key("b")}`,
  "AllowedIPs = 0.0.0.0/0",
  "Endpoint = 192.0.2.4:51821",
];
const kept = `${printed.filter(Boolean).join("\n")}\n`;

describe("the client's configuration of WireGuard", () => {
  it("is taken as mitmdump prints it", () => {
    expect(clientConf(printed.join("\n"))).toBe(kept);
  });

  it("is found among the lines of a log, whatever ends them", () => {
    const line = "-".repeat(60);
    const log = ["[10:01:44.120] listening", line, ...printed, line, "x = y"];
    expect(clientConf(log.map((text) => `  ${text}`).join("\r\n"))).toBe(kept);
  });

  it.each([
    ["nothing", ""],
    ["what mitmproxy keeps", `{"server_key": "${key("a")}", "client_key": "x"}`],
    ["one without a private key", printed.filter((_, at) => at !== 1).join("\n")],
    ["one whose key is cut", printed.join("\n").replace(key("a"), "aaaa=")],
    ["one without a peer", printed.slice(0, 4).join("\n")],
    ["that of a server", printed.slice(0, -1).join("\n")],
  ])("is not %s", (_, text) => {
    expect(clientConf(text)).toBeNull();
  });
});
