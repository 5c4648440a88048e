import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { ProxySchema } from "../gen/mitmflow/v1/mitmflow_pb";
import {
  formatRate,
  healthWords,
  lagWords,
  rateOf,
  toProxy,
  waitingWords,
} from "./proxy";

const today = (clock: string) => {
  const [hours = 0, minutes = 0, seconds = 0] = clock.split(":").map(Number);
  return new Date().setHours(hours, minutes, seconds, 0);
};

const message = {
  source: "lap\u202etop",
  exporterVersion: "0.2",
  mitmproxyVersion: "11.0.2",
  connected: true,
  since: timestampFromMs(today("10:02:11")),
  lastSeen: timestampFromMs(today("10:05:40")),
};
const make = (more: object = {}) => toProxy(create(ProxySchema, { ...message, ...more }));

describe("a proxy", () => {
  it("is told in words, made visible", () => {
    const proxy = make();
    expect(proxy.name).toBe("lap\u27e8U+202E\u27e9top");
    expect(proxy.versions).toBe("exporter 0.2, mitmproxy 11.0.2");
    expect(healthWords(proxy)).toBe("Connected since 10:02:11");
    expect(lagWords(proxy)).toBe("no flow ended lately");
    expect(waitingWords(proxy)).toBe("not told");
    expect(make({ source: "" }).name).toBe("without a name");
  });

  it("that has gone, or is behind, says so", () => {
    expect(healthWords(make({ connected: false }))).toBe("Gone since 10:05:40");
    const waiting = { messages: 1n, spooled: 2000n, spoolBytes: 48_000n };
    const full = make({ waiting });
    expect(healthWords(full)).toBe("Behind: it sends what waited");
    expect(waitingWords(full)).toBe(
      "2,000 messages in its spool (48 kB), 1 message in memory",
    );
    const late = make({ lagSamples: 9, lagP50Ms: -3, lagP95Ms: 12_000 });
    expect(healthWords(late)).toBe("Behind: flows come late");
    expect(lagWords(late)).toBe("-3 ms, p95 12 s");
  });

  it("has the mean of its last seconds as its rate", () => {
    const values = [...new Array(50).fill(0), ...new Array(10).fill(6)];
    expect([10, 60].map((seconds) => rateOf(values, seconds))).toEqual([6, 1]);
    expect([0, 0.44, 9.9, 37.6].map(formatRate)).toEqual([
      "0/s",
      "0.4/s",
      "9.9/s",
      "38/s",
    ]);
  });
});
