/* Helpers for the specs beside them; no part of the page. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  FlowState,
  type FlowSummary,
  FlowSummarySchema,
  type WatchFlowsResponse,
  WatchFlowsResponseSchema,
} from "../gen/mitmflow/v1/mitmflow_pb";
import type { WatchCall } from "./feed";
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

/* A server whose streams the spec speaks for. */
export class FakeServer {
  readonly calls: {
    request: Parameters<WatchCall>[0];
    send(message: WatchFlowsResponse): void;
    fail(error: Error): void;
    end(): void;
    ended: boolean;
  }[] = [];

  readonly watch: WatchCall = (request, signal) => {
    const queue: (() => IteratorResult<WatchFlowsResponse>)[] = [];
    let wake = () => {};
    const put = (item: () => IteratorResult<WatchFlowsResponse>) => {
      queue.push(item);
      wake();
    };
    const call = {
      request,
      send: (value: WatchFlowsResponse) => put(() => ({ value, done: false })),
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
    this.calls.push(call);
    const next = async () => {
      while (queue.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return queue.shift()?.() ?? { value: undefined, done: true as const };
    };
    return { [Symbol.asyncIterator]: () => ({ next }) };
  };

  call(index: number) {
    const call = this.calls[index];
    if (!call) throw new Error(`no call ${index}: there were ${this.calls.length}`);
    return call;
  }
}
