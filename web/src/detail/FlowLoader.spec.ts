import { create } from "@bufbuild/protobuf";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type Flow, FlowSchema } from "../gen/mitmflow/v1/mitmflow_pb";
import { Failure } from "../wire/failure";
import { FlowLoader, isGone, type Loaded } from "./FlowLoader";

const flowAt = (change: number) =>
  create(FlowSchema, { summary: { change: BigInt(change) } });
const settle = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

interface Call {
  number: number;
  signal: AbortSignal;
  answer(flow: Flow): void;
  fail(error: Error): void;
}

let calls: Call[];
let shown: (Loaded | null)[];
let loader: FlowLoader;

beforeEach(() => {
  vi.useFakeTimers();
  calls = [];
  shown = [];
  loader = new FlowLoader(
    (number, signal) =>
      new Promise((answer, fail) => {
        calls.push({ number, signal, answer, fail });
      }),
    (loaded) => shown.push(loaded),
  );
});

afterEach(() => {
  loader.stop();
  vi.useRealTimers();
});

it("fetches a flow again when it has changed meanwhile, one call at a time", async () => {
  loader.want(1, 5);
  loader.want(1, 6);
  loader.want(1, 7);
  await settle(1000);
  expect(calls).toHaveLength(1);
  calls[0]?.answer(flowAt(5));
  await settle(5000);
  expect(calls).toHaveLength(2);
  calls[1]?.answer(flowAt(7));
  await settle(5000);
  expect(calls).toHaveLength(2);
  expect(shown.at(-1)?.flow?.summary?.change).toBe(7n);
});

it("drops the answer for a flow that is not open any more", async () => {
  loader.want(1, 1);
  loader.want(2, 1);
  expect(calls[0]?.signal.aborted).toBe(true);
  calls[0]?.answer(flowAt(1));
  calls[1]?.answer(flowAt(1));
  await settle();
  expect(shown.filter((s) => s !== null).map((s) => s.number)).toEqual([2]);
});

it("keeps a flow as it was when it cannot be fetched again", async () => {
  loader.want(3, 1);
  calls[0]?.answer(flowAt(1));
  await settle();
  loader.reload();
  await settle();
  calls[1]?.fail(new Failure("no such flow", "not_found"));
  await settle();
  const last = shown.at(-1) ?? null;
  expect(last?.flow?.summary?.change).toBe(1n);
  expect(isGone(last)).toBe(true);
  loader.want(4, 0);
  calls[2]?.fail(new Error("away"));
  await settle();
  expect(shown.at(-1)).toMatchObject({ number: 4, flow: null });
});

it("says why a flow cannot be had, and tries again when asked", async () => {
  loader.want(3, 0);
  calls[0]?.fail(new Error("not found"));
  await settle();
  expect(shown.at(-1)).toMatchObject({
    number: 3,
    flow: null,
    error: new Error("not found"),
  });
  loader.reload();
  await settle();
  calls[1]?.answer(flowAt(1));
  await settle();
  expect(shown.at(-1)?.flow).not.toBeNull();
});
