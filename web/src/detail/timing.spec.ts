import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { expect, it } from "vitest";
import { FlowSchema } from "../gen/mitmflow/v1/mitmflow_pb";
import { timingOf } from "./timing";

const at = (ms: number) => timestampFromMs(1_000_000 + ms);

function flow(readyMs: number) {
  return create(FlowSchema, {
    flow: {
      case: "httpFlow",
      value: {
        request: { timestampStart: at(0), timestampEnd: at(1) },
        response: { timestampStart: at(9), timestampEnd: at(12) },
        server: { timestampStart: at(readyMs - 20), timestampTcpSetup: at(readyMs) },
      },
    },
  });
}

it("tells the phases of a flow from the making of its connection", () => {
  const timing = timingOf(flow(-5));
  expect(timing?.phases.map(({ name }) => name)).toEqual([
    "Connect",
    "Request",
    "Wait",
    "Response",
  ]);
  expect(timing?.toMs).toBe(1_000_012);
});

it("leaves out a connection that was there long before", () => {
  const timing = timingOf(flow(-60_000));
  expect(timing?.phases.map(({ name }) => name)).toEqual(["Request", "Wait", "Response"]);
  expect(timing?.readyBeforeMs).toBe(60_000);
});

it("knows nothing where nobody told", () => {
  expect(timingOf(create(FlowSchema))).toBeNull();
});
