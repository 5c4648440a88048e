import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { setUtc } from "../ui/format";
import { statusWords } from "./statusWords";

describe("the state of the connection in words", () => {
  const since = Date.UTC(2026, 10, 23, 12, 5, 4);
  const offline = { state: "offline", since, reason: "" } as const;

  beforeEach(() => {
    vi.stubEnv("TZ", "Asia/Kathmandu");
    vi.useFakeTimers({ now: since + 60_000 });
  });
  afterEach(() => {
    setUtc(false);
    vi.useRealTimers();
    vi.unstubAllEnvs();
  });

  it("tells since when by the reader's clock, or in UTC for who wants that", () => {
    expect(statusWords(offline)).toBe("Offline since 17:50:04");
    setUtc(true);
    expect(statusWords(offline)).toBe("Offline since 12:05:04");
  });

  it("tells the day too once that is over", () => {
    vi.setSystemTime(since + 86_400_000);
    expect(statusWords(offline)).toBe("Offline since 2026-11-23 17:50:04");
  });

  it("tells no time while the connection stands", () => {
    expect(statusWords({ state: "live", since, reason: "" })).toBe("Live");
  });
});
