import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { unpacking } from "./packed";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (text: string) => new TextEncoder().encode(text);

function envelope(flags: number, data: Uint8Array): Uint8Array {
  const whole = new Uint8Array(5 + data.length);
  whole[0] = flags;
  new DataView(whole.buffer).setUint32(1, data.length);
  whole.set(data, 5);
  return whole;
}

/* What comes out when `whole` goes in by pieces of `size`. */
async function through(whole: Uint8Array, size: number): Promise<Uint8Array> {
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let at = 0; at < whole.length; at += size)
        controller.enqueue(whole.slice(at, at + size));
      controller.close();
    },
  });
  return new Uint8Array(
    await new Response(
      stream.pipeThrough(unpacking()) as ReadableStream<Uint8Array<ArrayBuffer>>,
    ).arrayBuffer(),
  );
}

describe("unpacking", () => {
  const long = "a flow like the one before it; ".repeat(2000);
  const packed = Buffer.concat([
    envelope(1, gzipSync(long)),
    envelope(0, bytes("plain")),
    envelope(0, bytes("")),
    envelope(1, bytes("")),
    envelope(3, gzipSync("{}")),
  ]);
  const expected = Buffer.concat([
    envelope(0, bytes(long)),
    envelope(0, bytes("plain")),
    envelope(0, bytes("")),
    envelope(0, bytes("")),
    envelope(2, bytes("{}")),
  ]);

  it.each([1, 4, 7, 1000, 1e6])("takes pieces of %d bytes", async (size) => {
    expect(text(await through(packed, size))).toBe(text(expected));
  });

  it("ends with an error at what is not gzip, and at a length beyond reason", async () => {
    await expect(through(envelope(1, bytes("not gzip")), 100)).rejects.toThrow();
    const absurd = Uint8Array.of(0, 0xff, 0xff, 0xff, 0xff, 0);
    await expect(through(absurd, 100)).rejects.toThrow("too long");
  });
});
