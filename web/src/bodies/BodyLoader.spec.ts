import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { GetBodyResponseSchema } from "../gen/mitmflow/v1/mitmflow_pb";
import { type Body, BodyLoader, type FetchBody, firstLen } from "./BodyLoader";

const part = (init: Parameters<typeof create<typeof GetBodyResponseSchema>>[1]) =>
  create(GetBodyResponseSchema, init);

/* A body of so many bytes, as the server tells it. */
function serverOf(size: number): FetchBody {
  return async function* ({ offset, length }, signal) {
    const to = length === 0 ? size : Math.min(size, offset + length);
    yield part({ info: { kind: "bytes", keptSize: BigInt(size) } });
    for (let at = offset; at < to && !signal.aborted; at += 500_000)
      yield part({ data: new Uint8Array(Math.min(500_000, to - at)).fill(7) });
    yield part({ end: { size: to === size ? BigInt(size) : 0n } });
  };
}

/* Resolves with the first body told that is as wanted. */
function loads(fetchBody: FetchBody) {
  let look: ((body: Body) => void) | null = null;
  const loader = new BodyLoader(fetchBody);
  loader.listen((body) => look?.(body));
  const until = (is: (body: Body) => boolean) =>
    new Promise<Body>((resolve) => {
      look = (body) => is(body) && resolve(body);
    });
  return { loader, until };
}

describe("BodyLoader", () => {
  it("has a short body whole, and an empty one too", async () => {
    for (const size of [0, 1234]) {
      const { loader, until } = loads(serverOf(size));
      const whole = until(({ size }) => size !== null);
      loader.start();
      const body = await whole;
      expect([body.bytes.length, body.size]).toEqual([size, size]);
    }
  });

  it("gets the beginning of a long one, then the rest when asked", async () => {
    const { loader, until } = loads(serverOf(firstLen + 1_100_000));
    const cut = until(({ info, isBeginning }) => info !== null && !isBeginning);
    loader.start();
    expect(await cut).toMatchObject({ size: null, coming: null });
    const whole = until(({ size }) => size !== null);
    loader.rest();
    const body = await whole;
    expect(body.bytes.length).toBe(firstLen + 1_100_000);
    expect(body.bytes.every((byte) => byte === 7)).toBe(true);
  });

  it("tells of the first piece of a long one before the rest is here", async () => {
    let goOn = () => {};
    const held = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const { loader, until } = loads(async function* () {
      yield part({ info: { kind: "text" }, data: new Uint8Array(5) });
      await held;
      yield part({ data: new Uint8Array(3), end: { size: 8n } });
    });
    const begun = until(() => true);
    loader.start();
    expect(await begun).toMatchObject({ isBeginning: true, size: null });
    const whole = until(({ size }) => size !== null);
    goOn();
    expect((await whole).bytes.length).toBe(8);
  });

  it("goes on with a beginning that was stopped where it stopped", async () => {
    const offsets: number[] = [];
    const { loader, until } = loads(async function* ({ offset }, signal) {
      offsets.push(offset);
      if (offset > 0) {
        yield part({ data: new Uint8Array(3), end: { size: 8n } });
        return;
      }
      yield part({ info: { kind: "text" }, data: new Uint8Array(5) });
      await new Promise((_, reject) => signal.addEventListener("abort", reject));
    });
    const begun = until(() => true);
    loader.start();
    await begun;
    loader.stop();
    const whole = until(({ size }) => size !== null);
    loader.start();
    expect((await whole).bytes.length).toBe(8);
    expect(offsets).toEqual([0, 5]);
  });

  it("keeps what came before an error, and says it", async () => {
    const { loader, until } = loads(async function* () {
      yield part({ info: { kind: "text" }, data: new Uint8Array(5) });
      throw new Error("gone");
    });
    const failed = until(({ error }) => error !== null);
    loader.start();
    expect((await failed).bytes.length).toBe(5);
  });
});
