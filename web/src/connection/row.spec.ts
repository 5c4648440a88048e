import { describe, expect, it } from "vitest";
import { FlowState } from "../gen/mitmflow/v1/mitmflow_pb";
import { hostPort, splitUrl, statusTone, toRow } from "./row";
import { summary } from "./testing";

describe("splitUrl", () => {
  it("takes a URL apart", () => {
    expect(splitUrl("https://a.example:8443/x/y?q=1#f")).toEqual({
      scheme: "https://",
      host: "a.example:8443",
      path: "/x/y",
      query: "?q=1#f",
    });
  });

  it.each([
    "javascript:alert(1)",
    "",
    "a.example:443",
    "http://",
    "http://[::1/?#",
    "http://a\nb/\u0000",
    "://x",
  ])("loses nothing of %j", (url) => {
    const { scheme, host, path, query } = splitUrl(url);
    expect(scheme + host + path + query).toBe(url);
  });
});

describe("toRow", () => {
  it("shows an answered request", () => {
    const row = toRow(
      summary(7, {
        clientBytes: 10n,
        serverBytes: 5n,
        durationMs: 3,
        summary: {
          case: "http",
          value: {
            method: "PUT",
            url: "http://10.0.0.1/a?b",
            prettyUrl: "http://h/a?b",
            statusCode: 404,
          },
        },
      }),
    );
    expect(row).toMatchObject({
      number: 7,
      kind: "http",
      badge: "PUT",
      host: "h",
      path: "/a",
      query: "?b",
      status: "404",
      tone: "bad",
      size: 15,
      durationMs: 3,
    });
  });

  it("tells a live, a cut-off and a failed request apart", () => {
    const http = { case: "http" as const, value: { method: "GET", url: "http://a/" } };
    const of = (state: FlowState, error = "") =>
      toRow(summary(1, { state, error, summary: http }));
    expect(of(FlowState.LIVE)).toMatchObject({
      state: "live",
      status: "\u2026",
      size: null,
    });
    expect(of(FlowState.CUT_OFF)).toMatchObject({ state: "cut", status: "cut off" });
    expect(of(FlowState.ENDED, "refused")).toMatchObject({
      status: "error",
      error: "refused",
    });
  });

  it("shows what a name resolved to", () => {
    const value = {
      questionName: "a.example",
      questionType: "A",
      answers: ["192.0.2.1", "192.0.2.2"],
      hasResponse: true,
    };
    const row = toRow(summary(1, { type: "dns", summary: { case: "dns", value } }));
    expect(row).toMatchObject({
      kind: "dns",
      path: "A a.example",
      query: " \u2192 192.0.2.1, 192.0.2.2",
      status: "ok",
    });
  });

  it("names a response code that is an error", () => {
    const value = { questionName: "a", hasResponse: true, responseCode: 3 };
    const row = toRow(summary(1, { summary: { case: "dns", value } }));
    expect(row).toMatchObject({ status: "NXDOMAIN", tone: "bad" });
  });

  it("shows a connection that failed by its error alone", () => {
    const value = { serverAddressHost: "shop.example", error: "handshake failed" };
    const row = toRow(summary(1, { summary: { case: "tcp", value } }));
    expect(row).toMatchObject({ host: "shop.example", path: "", status: "error" });
    expect(row.error).toBe("handshake failed");
  });

  it("counts the messages of a raw flow", () => {
    const value = { serverAddressHost: "::1", serverAddressPort: 25 };
    const row = toRow(summary(1, { messageCount: 1, summary: { case: "tcp", value } }));
    expect(row).toMatchObject({ host: "[::1]:25", path: "1 message", status: "ended" });
  });

  it("shows control characters that would disguise a URL", () => {
    const value = { method: "GET", url: "http://a.example/\u202egpj.exe\u0000\n" };
    const row = toRow(summary(1, { summary: { case: "http", value } }));
    expect(row.path).toBe("/\u27e8U+202E\u27e9gpj.exe\u2400\u240a");
  });

  it("shows every joiner in names, also where a text would need it", () => {
    const value = { method: "GET", url: "http://\u0645\u06cc\u200c\u062e.example/" };
    const row = toRow(summary(1, { summary: { case: "http", value } }));
    expect(row.host).toBe("\u0645\u06cc\u27e8U+200C\u27e9\u062e.example");
  });

  it("keeps no more of a long text than a list can show", () => {
    const long = "x".repeat(1_000_000);
    const value = { method: long, url: `http://${long}/${long}?${long}` };
    const made = toRow(summary(1, { error: long, summary: { case: "http", value } }));
    expect(JSON.stringify(made).length).toBeLessThan(12_000);
  });

  it("takes a summary of no known type", () => {
    expect(toRow(summary(1, { type: "quic", summary: { case: undefined } })).badge).toBe(
      "QUIC",
    );
  });
});

describe("hostPort", () => {
  it("brackets IPv6 only where a port follows", () => {
    expect(hostPort("::1", 80)).toBe("[::1]:80");
    expect(hostPort("::1", 0)).toBe("::1");
    expect(hostPort("", 80)).toBe("");
  });
});

describe("statusTone", () => {
  it("has a tone for every number that a server may send", () => {
    const tones = [101, 200, 304, 404, 500, 999].map(statusTone);
    expect(tones).toEqual(["info", "good", "warn", "bad", "worse", "worse"]);
  });
});
