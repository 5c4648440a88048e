import { useEffect, useRef, useState } from "react";
import { toRow } from "../connection/row";
import type { Flow } from "../gen/mitmflow/v1/mitmflow_pb";
import { formatDateTime } from "../ui/format";
import { CloseIcon } from "../ui/icons";
import { Seg } from "../ui/Seg";
import { useWidth } from "../ui/useWidth";
import { wordsOf } from "../wire/failure";
import { MergeText } from "./MergeText";
import { type Compared, compared, getFlow, type Half } from "./message";
import "../bodies/bodies.css";
import "../detail/detail.css";
import "./diff.css";

interface Props {
  /* The numbers of the flows. */
  a: number;
  b: number;
  onClose(): void;
}

interface Pair {
  flows: [Flow, Flow];
  sides: [Compared, Compared];
}

const halves = [
  ["request", "Requests"],
  ["response", "Responses"],
] as const;

// Two texts side by side need so much room.
const widePx = 700;

function usePair(a: number, b: number, half: Half) {
  const [state, setState] = useState<{ key: string; pair?: Pair; error?: unknown }>();
  const key = `${a} ${b} ${half}`;
  useEffect(() => {
    const abort = new AbortController();
    const load = async (): Promise<Pair> => {
      const { signal } = abort;
      const flows = await Promise.all([getFlow(a, signal), getFlow(b, signal)]);
      const sides = await Promise.all([
        compared(flows[0], half, signal),
        compared(flows[1], half, signal),
      ]);
      return { flows, sides };
    };
    load()
      .then((pair) => setState({ key, pair }))
      .catch((error) => {
        if (!abort.signal.aborted) setState({ key, error });
      });
    return () => abort.abort();
  }, [a, b, half, key]);
  return state?.key === key ? state : undefined;
}

/* Two flows side by side: what they asked, or what they were answered. */
export function DiffView({ a, b, onClose }: Props) {
  const [half, setHalf] = useState<Half>("response");
  const state = usePair(a, b, half);
  const box = useRef<HTMLElement>(null);
  const unified = useWidth(box) < widePx;
  return (
    <section ref={box} className="diff" aria-label="Two flows compared">
      <div className="diff-head">
        <h2>Compared</h2>
        <Seg<Half> label="Compare" options={halves} value={half} onValue={setHalf} />
        <button type="button" aria-label="Close the comparison" onClick={onClose}>
          <CloseIcon />
        </button>
      </div>
      <div className="diff-body">
        {!state && <div className="nothing" aria-busy="true" />}
        {state?.error !== undefined && (
          <p className="alert" role="alert">
            {wordsOf(state.error)}
          </p>
        )}
        {state?.pair && <Both pair={state.pair} unified={unified} />}
      </div>
    </section>
  );
}

function Both({ pair, unified }: { pair: Pair; unified: boolean }) {
  const [a, b] = pair.sides;
  return (
    <>
      <div className="diff-names">
        {pair.flows.map((flow, index) => (
          <Name key={String(flow.summary?.number ?? index)} flow={flow} />
        ))}
      </div>
      <Part title="Headers" a={a.headers} b={b.headers} unified={unified} />
      <Part title="Body" a={a.body} b={b.body} unified={unified} />
      {(a.cut || b.cut) && (
        <p className="hint">Of longer bodies only the first megabyte is compared.</p>
      )}
    </>
  );
}

function Name({ flow }: { flow: Flow }) {
  if (!flow.summary) return null;
  const row = toRow(flow.summary);
  return (
    <p>
      <b>{row.badge}</b> <span className={`tone-${row.tone}`}>{row.status}</span>{" "}
      <bdi>{`${row.host}${row.path}${row.query}`}</bdi>
      <span className="dim"> {row.startMs ? formatDateTime(row.startMs) : ""}</span>
    </p>
  );
}

interface PartProps {
  title: string;
  a: string;
  b: string;
  unified: boolean;
}

function Part({ title, a, b, unified }: PartProps) {
  if (a === b) {
    return (
      <h3>
        {title} <small>{a ? "the same" : "both empty"}</small>
      </h3>
    );
  }
  return (
    <>
      <h3>{title}</h3>
      <MergeText a={a} b={b} label={title} unified={unified} />
    </>
  );
}
