/* Helpers for the specs beside them; no part of the page. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  FlowState,
  type FlowSummary,
  FlowSummarySchema,
  type QueryFlowsResponse,
  QueryFlowsResponseSchema,
  type WatchFlowsResponse,
  WatchFlowsResponseSchema,
} from "../gen/mitmflow/v1/mitmflow_pb";
import type { Asked, Calls } from "./feed";
import { type Row, toRow } from "./row";

export function summary(
  number: number,
  more: MessageInitShape<typeof FlowSummarySchema> = {},
): FlowSummary {
  return create(FlowSummarySchema, {
    id: `id-${number}`,
    type: "http",
    number: BigInt(number),
    change: BigInt(number),
    state: FlowState.ENDED,
    summary: {
      case: "http",
      value: { method: "GET", url: `http://a.example/${number}`, statusCode: 200 },
    },
    ...more,
  });
}

export function row(number: number, more: Partial<Row> = {}): Row {
  return { ...toRow(summary(number)), ...more };
}

export function told(
  more: MessageInitShape<typeof WatchFlowsResponseSchema>,
): WatchFlowsResponse {
  return create(WatchFlowsResponseSchema, { caughtUp: true, ...more });
}

export function found(
  more: MessageInitShape<typeof QueryFlowsResponseSchema>,
): QueryFlowsResponse {
  return create(QueryFlowsResponseSchema, more);
}

/* What a search ends with. */
export function foundAll(watchCursor: string): QueryFlowsResponse {
  return found({ end: { watchCursor } });
}

type Answer = WatchFlowsResponse | QueryFlowsResponse;

/* A server whose streams the spec speaks for. */
export class FakeServer {
  readonly made: {
    method: "watch" | "query";
    request: Asked;
    send(message: Answer): void;
    fail(error: Error): void;
    end(): void;
    ended: boolean;
  }[] = [];

  readonly calls: Calls = {
    watch: (request, signal) => this.serve<WatchFlowsResponse>("watch", request, signal),
    query: (request, signal) => this.serve<QueryFlowsResponse>("query", request, signal),
    count: (_filter, before) => {
      this.countedBefore.push(before);
      return Promise.resolve(this.below);
    },
  };

  /* What a count of flows finds, and of which ones it was asked. */
  below = 0;
  readonly countedBefore: number[] = [];

  private serve<A extends Answer>(
    method: "watch" | "query",
    request: Asked,
    signal: AbortSignal,
  ): AsyncIterable<A> {
    const queue: (() => IteratorResult<A>)[] = [];
    let wake = () => {};
    const put = (item: () => IteratorResult<A>) => {
      queue.push(item);
      wake();
    };
    const call = {
      method,
      request,
      send: (value: Answer) => put(() => ({ value: value as A, done: false })),
      fail: (error: Error) =>
        put(() => {
          throw error;
        }),
      end: () => put(() => ({ value: undefined, done: true })),
      ended: false,
    };
    signal.addEventListener("abort", () => {
      call.ended = true;
    });
    this.made.push(call);
    const next = async () => {
      while (queue.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return queue.shift()?.() ?? { value: undefined, done: true as const };
    };
    return { [Symbol.asyncIterator]: () => ({ next }) };
  }

  call(index: number) {
    const call = this.made[index];
    if (!call) throw new Error(`no call ${index}: there were ${this.made.length}`);
    return call;
  }
}
