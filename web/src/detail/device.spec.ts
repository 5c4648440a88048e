import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { ClientConnSchema } from "../gen/mitmproxy/v1/mitmproxy_pb";
import { deviceOf, modeText } from "./device";

const client = (proxyMode: string, peernameHost = "10.0.0.1") =>
  create(ClientConnSchema, { proxyMode, peernameHost });

it("shows of a WireGuard mode the stem of its file, not its path", () => {
  expect(modeText("wireguard:/etc/secret/phone1.conf@51821")).toBe(
    "wireguard:phone1@51821 (through a WireGuard tunnel)",
  );
  expect(deviceOf(client("wireguard:/etc/secret/phone1.conf@51821"))).toBe(
    "phone1 (WireGuard peer)",
  );
  expect(deviceOf(client("wireguard:phone2.conf"))).toBe("phone2 (WireGuard peer)");
});

it("says that one tunnel for several phones does not tell them apart", () => {
  expect(deviceOf(client("wireguard"))).toMatch(/^10\.0\.0\.1: all peers/);
});

it("takes the address elsewhere, and a mode that it does not know as it is", () => {
  expect(deviceOf(client("regular", "192.0.2.7"))).toBe("192.0.2.7");
  expect(modeText("constructor@1")).toBe("constructor@1");
  expect(modeText("")).toBe("");
});
