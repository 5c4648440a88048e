import type { CSSProperties } from "react";
import { type Row, timestampMs } from "../connection/row";
import type { Flow } from "../gen/mitmflow/v1/mitmflow_pb";
import { formatDateTime, formatDuration, plural } from "../ui/format";
import { type Field, Fields } from "./Fields";
import { type Timing, timingOf } from "./timing";

/* When what happened, as bars on one scale and in figures. */
export function TimingTab({ flow, row }: { flow: Flow; row: Row }) {
  const timing = timingOf(flow);
  return (
    <>
      {timing && <Bars timing={timing} />}
      <Fields
        title="Times"
        fields={[
          ["Begun", row.startMs ? formatDateTime(row.startMs) : ""],
          ["Duration", row.durationMs === null ? "" : formatDuration(row.durationMs)],
          ...messageTimes(flow),
          ["Messages", row.messages ? plural(row.messages, "message") : ""],
        ]}
      />
    </>
  );
}

function messageTimes(flow: Flow): Field[] {
  const of = flow.flow;
  if (of.case !== "httpFlow") return [];
  const { request, response } = of.value;
  const when = (ms: number) => (ms > 0 ? formatDateTime(ms) : "");
  return [
    ["Request begun", when(timestampMs(request?.timestampStart))],
    ["Request complete", when(timestampMs(request?.timestampEnd))],
    ["Response begun", when(timestampMs(response?.timestampStart))],
    ["Response complete", when(timestampMs(response?.timestampEnd))],
  ];
}

function Bars({ timing }: { timing: Timing }) {
  const { phases, fromMs, toMs, readyBeforeMs } = timing;
  const whole = Math.max(toMs - fromMs, 0.001);
  return (
    <section className="fields" aria-label="Phases">
      <h3>
        Phases <small>{formatDuration(toMs - fromMs)} in all</small>
      </h3>
      <table className="bars">
        <thead className="sr-only">
          <tr>
            <th scope="col">Phase</th>
            <th scope="col">Place</th>
            <th scope="col">Duration</th>
          </tr>
        </thead>
        <tbody>
          {phases.map(({ name, ...phase }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td className="track">
                <span
                  className={`phase is-${name.toLowerCase()}`}
                  style={
                    {
                      "--from": (phase.fromMs - fromMs) / whole,
                      "--part": (phase.toMs - phase.fromMs) / whole,
                    } as CSSProperties
                  }
                />
              </td>
              <td className="n">{formatDuration(phase.toMs - phase.fromMs)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {readyBeforeMs > 0 && (
        <p className="hint">
          The connection to the server had been ready for {formatDuration(readyBeforeMs)}.
        </p>
      )}
    </section>
  );
}
