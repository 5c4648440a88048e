import { useEffect, useMemo, useState } from "react";
import { api, callTimeoutMs } from "../connection/api";
import type { Row } from "../connection/row";
import { SaveSelection } from "../export/SaveSelection";
import { FacetKind } from "../gen/mitmflow/v1/mitmflow_pb";
import { usePlace } from "../place/usePlace";
import { rowOf } from "../store/listing";
import type { View } from "../store/store";
import { focusList } from "../ui/focusList";
import { formatClock, formatCount, formatSize, plural } from "../ui/format";
import { CloseIcon } from "../ui/icons";
import type { Say } from "../ui/notice";
import type { Selection } from "./selection";

interface Props {
  selection: Selection;
  view: View;
  onClear(): void;
  say: Say;
}

const hostsMax = 1000;

/* What a selection amounts to, in words. */
function wordsOf(rows: readonly Row[]): string[] {
  const bytes = rows.reduce((sum, { size }) => sum + (size ?? 0), 0);
  const starts = rows.flatMap(({ startMs }) => (startMs ? [startMs] : []));
  const hosts = new Set(rows.map(({ host }) => host)).size;
  const words = [formatSize(bytes), plural(hosts, "host")];
  if (starts.length > 1)
    words.push(
      `${formatClock(Math.min(...starts))} \u2013 ${formatClock(Math.max(...starts))}`,
    );
  return words;
}

/* The same of all flows that the filter takes, as the server counts them. */
function useWhole(filter: string, isAsked: boolean): string[] {
  const [words, setWords] = useState<string[]>([]);
  useEffect(() => {
    if (!isAsked) return;
    const call = new AbortController();
    const ask = async () => {
      const request = {
        filter: { expression: filter },
        facets: [FacetKind.HOST],
        facetLimit: hostsMax,
      };
      const options = { signal: call.signal, timeoutMs: callTimeoutMs };
      for await (const { summary } of api.summarizeFlows(request, options)) {
        if (!summary) continue;
        const hosts = summary.facets[0]?.values.length ?? 0;
        setWords([
          formatSize(Number(summary.clientBytes + summary.serverBytes)),
          hosts < hostsMax ? plural(hosts, "host") : `${formatCount(hosts)}+ hosts`,
        ]);
      }
    };
    ask().catch(() => {});
    return () => call.abort();
  }, [filter, isAsked]);
  return words;
}

/* What is selected, and what can be done with it. */
export function SelectionBar({ selection, view, onClear, say }: Props) {
  const { go } = usePlace();
  const { all, numbers } = selection;
  const { listing } = view;
  const rows = useMemo(
    () => (all ? [] : [...numbers].flatMap((number) => rowOf(listing, number) ?? [])),
    [all, numbers, listing],
  );
  const whole = useWhole(view.filter, all);
  const count = all ? "All" : formatCount(numbers.size);
  const but = all && numbers.size > 0 ? ` but ${formatCount(numbers.size)}` : "";
  const [first, second] = [...numbers];
  const canCompare = !all && numbers.size === 2 && first && second;
  return (
    <section className="selection" aria-label="Selected flows">
      <strong>
        {count}
        {but} selected
      </strong>
      <span className="facts">
        {(all ? whole : wordsOf(rows)).map((word) => (
          <span key={word}>{word}</span>
        ))}
      </span>
      {canCompare && (
        <button
          type="button"
          className="button"
          onClick={() => go({ flow: first, compare: second })}
        >
          Compare
        </button>
      )}
      <SaveSelection selection={selection} filter={view.filter} say={say} />
      <button
        type="button"
        aria-label="Select nothing"
        onClick={() => {
          onClear();
          focusList();
        }}
      >
        <CloseIcon />
      </button>
    </section>
  );
}
