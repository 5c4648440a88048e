import { expect, it } from "vitest";
import { jsonTokens } from "./highlight";

it("tells keys, strings, numbers and words apart", () => {
  const kinds = jsonTokens('  "a": ["b", -1.5e3, true],').filter((t) => t.kind !== "");
  expect(kinds).toEqual([
    { text: '"a"', kind: "key" },
    { text: '"b"', kind: "string" },
    { text: "-1.5e3", kind: "number" },
    { text: "true", kind: "word" },
  ]);
});

it.each(["", '"a\\"b": "c', "<img src=x>", "{[]}", '"\\'])(
  "loses nothing of %j",
  (line) => {
    expect(
      jsonTokens(line)
        .map((t) => t.text)
        .join(""),
    ).toBe(line);
  },
);
