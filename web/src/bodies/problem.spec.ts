import { expect, test } from "vitest";
import { problemOf } from "./problem";

const whole = {
  content: new Uint8Array(3),
  rawContent: new Uint8Array(),
  contentSize: 0n,
  contentTruncated: false,
  contentChanged: false,
  contentLeftOut: "",
};
const none = { ...whole, content: new Uint8Array() };

test("a body that is whole has no problem", () => {
  expect(problemOf(whole, "")).toBe("");
});

test("a body that a rule left out says which, and how long it was", () => {
  const leftOut = { ...none, contentSize: 2048n, contentLeftOut: "skip-body type=a/b" };
  expect(problemOf(leftOut, "")).toBe(
    "Left out by the proxy (2.0 kB): skip-body type=a/b.",
  );
  expect(problemOf({ ...leftOut, contentSize: 0n }, "")).toBe(
    "Left out by the proxy: skip-body type=a/b.",
  );
});

test("a body that a rule changed says so, whatever its encoding was", () => {
  const changed = { ...whole, contentChanged: true };
  expect(problemOf(changed, "not gzip")).toBe("Changed by a rule of the proxy.");
  expect(problemOf({ ...changed, contentTruncated: true }, "")).toMatch(
    /^Changed by a rule of the proxy\. The rest/,
  );
});

test("a body that was streamed or cut says how much is missing", () => {
  expect(problemOf({ ...none, contentSize: 5n }, "")).toMatch(/without keeping it/);
  expect(problemOf({ ...whole, contentTruncated: true, contentSize: 5n }, "")).toBe(
    "The exporter cut this body: 2 bytes more were not captured.",
  );
});

test("a body that does not decode is shown as it came", () => {
  expect(problemOf({ ...none, rawContent: new Uint8Array(2) }, "odd")).toBe(
    "Shown as it was on the wire: odd.",
  );
});
