import { expect, it } from "vitest";
import { mix } from "./colors";

it("colours are mixed part by part", () => {
  expect(mix("#ff0080", "#000000", 0.5)).toBe("#800040");
  expect(mix("#123456", "#ffffff", 1)).toBe("#123456");
  expect(mix("#123456", "#0f0f0f", 0)).toBe("#0f0f0f");
});
