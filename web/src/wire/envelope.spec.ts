import { expect, it } from "vitest";
import { type Envelope, EnvelopeReader, envelope } from "./envelope";

const bytes = (...parts: Uint8Array[]) => new Uint8Array(parts.flatMap((p) => [...p]));
const end = Uint8Array.from([2, 0, 0, 0, 2, 123, 125]);

function readIn(size: number, stream: Uint8Array): Envelope[] {
  const reader = new EnvelopeReader();
  const found: Envelope[] = [];
  for (let at = 0; at < stream.length; at += size)
    found.push(...reader.push(stream.subarray(at, at + size)));
  return found;
}

it.each([1, 2, 3, 7, 1000])("envelopes come whole from pieces of %d bytes", (size) => {
  const stream = bytes(envelope(Uint8Array.of(7, 8, 9)), envelope(Uint8Array.of()), end);
  const found = readIn(size, stream);
  expect(found.map(({ data, isEnd }) => [[...data], isEnd])).toEqual([
    [[7, 8, 9], false],
    [[], false],
    [[123, 125], true],
  ]);
});

it("tells what is compressed", () => {
  const [first] = readIn(9, Uint8Array.from([1, 0, 0, 0, 1, 5]));
  expect(first).toEqual({ data: Uint8Array.of(5), isCompressed: true, isEnd: false });
});

it("takes no length beyond all reason", () => {
  expect(() => readIn(5, Uint8Array.from([0, 255, 255, 255, 255]))).toThrow(/4294967295/);
});
