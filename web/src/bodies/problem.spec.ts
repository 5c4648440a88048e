import { expect, test } from "vitest";
import { problemOf } from "./problem";

const whole = {
  leftOut: "",
  wireSize: 3n,
  keptSize: 3n,
  cut: false,
  changed: false,
  contentEncoding: "",
};

test("a body that is whole has no problem", () => {
  expect(problemOf(whole, "")).toBe("");
});

test("a body that a rule left out says which, and how long it was", () => {
  const leftOut = { ...whole, wireSize: 2048n, leftOut: "skip-body type=a/b" };
  expect(problemOf(leftOut, "")).toBe(
    "Left out by the proxy (2.0 kB): skip-body type=a/b.",
  );
  expect(problemOf({ ...leftOut, wireSize: 0n }, "")).toBe(
    "Left out by the proxy: skip-body type=a/b.",
  );
});

test("a body that a rule changed says so, whatever its encoding was", () => {
  const changed = { ...whole, changed: true };
  expect(problemOf(changed, "not gzip")).toBe("Changed by a rule of the proxy.");
  expect(problemOf({ ...changed, cut: true }, "")).toMatch(
    /^Changed by a rule of the proxy\. The rest/,
  );
});

test("a body that was streamed or cut says how much is missing", () => {
  expect(problemOf({ ...whole, keptSize: 0n }, "")).toMatch(/without keeping it/);
  expect(problemOf({ ...whole, cut: true, wireSize: 5n }, "")).toBe(
    "The exporter cut this body: 2 bytes more were not captured.",
  );
});

test("a body that does not decode says where it stops", () => {
  expect(problemOf(whole, "its content encoding breaks off here")).toBe(
    "Its content encoding breaks off here.",
  );
});
