import { describe, expect, it } from "vitest";
import { explainClose, explainHeader, explainStatus } from "./explain";

describe("what header values mean", () => {
  it.each([
    [
      "Cache-Control",
      "private, max-age=3600",
      "is kept by the client only; fresh for 1 h 00 m",
    ],
    ["cache-control", "max-age=x, odd", ""],
    [
      "Set-Cookie",
      "secure=1; HttpOnly; SameSite=Lax; Max-Age=0",
      "not for scripts; from other sites only when the reader goes here; deleted now",
    ],
    [
      "Strict-Transport-Security",
      "max-age=60; includeSubDomains",
      "TLS only, for 1 m 00 s; with all hosts below it",
    ],
    [
      "Content-Security-Policy",
      "default-src 'none'; script-src 'self' 'unsafe-inline'",
      "2 rules; inline scripts run",
    ],
    ["Retry-After", "120", "try again after 2 m 00 s"],
    ["Authorization", "Bearer abc", "whoever has this token is let in"],
    ["ETag", 'W/"1"', "weak: the meaning, not each byte"],
    ["Content-Range", "bytes 0-9/100", "bytes 0 to 9 of 100"],
    ["X-Unknown", "1", ""],
    ["constructor", "x", ""],
    ["vary", "constructor", ""],
  ])("%s: %s", (name, value, meaning) => {
    expect(explainHeader(name, value)).toBe(meaning);
  });

  it("says nothing of values that are too long to be words", () => {
    expect(explainHeader("Cache-Control", "no-store,".repeat(10_000))).toBe("");
  });
});

it("tells codes of answers and of closes in words", () => {
  expect(explainStatus(422)).toBe("readable, but makes no sense");
  expect(explainStatus(299)).toBe("");
  expect(explainClose(1001)).toBe("going away");
  expect(explainClose(4123)).toMatch(/own/);
  expect(explainClose(7)).toBe("");
});
