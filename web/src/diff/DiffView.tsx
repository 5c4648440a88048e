import { useEffect, useRef, useState } from "react";
import type { Flow } from "../gen/mitmflow/v1/mitmflow_pb";
import { CloseIcon } from "../ui/icons";
import { Seg } from "../ui/Seg";
import { useWidth } from "../ui/useWidth";
import { wordsOf } from "../wire/failure";
import { MergeText } from "./MergeText";
import { type Compared, compared, getFlows, type Half, type Missing } from "./message";
import { Name } from "./Name";
import { OneLeft } from "./OneLeft";
import "../bodies/bodies.css";
import "../detail/detail.css";
import "./diff.css";

interface Props {
  /* The numbers of the flows. */
  a: number;
  b: number;
  onClose(): void;
  /* Only this one is there; null: neither. */
  onLeft(number: number | null): void;
  /* It is to be compared with another. */
  onAnother(number: number): void;
}

interface Pair {
  flows: [Flow, Flow];
  sides: [Compared, Compared];
}

interface State {
  key: string;
  pair?: Pair;
  missing?: Missing;
  error?: unknown;
}

const halves = [
  ["request", "Requests"],
  ["response", "Responses"],
] as const;

// Two texts side by side need so much room.
const widePx = 700;

function usePair(a: number, b: number, half: Half) {
  const [state, setState] = useState<State>();
  const key = `${a} ${b} ${half}`;
  useEffect(() => {
    const abort = new AbortController();
    const load = async (): Promise<Omit<State, "key">> => {
      const { signal } = abort;
      const flows = await getFlows(a, b, signal);
      if (!Array.isArray(flows)) return { missing: flows };
      const sides = await Promise.all([
        compared(flows[0], half, signal),
        compared(flows[1], half, signal),
      ]);
      return { pair: { flows, sides } };
    };
    load()
      .then((loaded) => setState({ key, ...loaded }))
      .catch((error) => {
        if (!abort.signal.aborted) setState({ key, error });
      });
    return () => abort.abort();
  }, [a, b, half, key]);
  return state?.key === key ? state : undefined;
}

/* Two flows side by side: what they asked, or what they were answered. */
export function DiffView({ a, b, onClose, onLeft, onAnother }: Props) {
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
        {state?.missing && (
          <OneLeft missing={state.missing} onLeft={onLeft} onAnother={onAnother} />
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
