import { useRef, useState } from "react";
import type { Selection } from "../list/selection";
import { formatSize } from "../ui/format";
import type { Say } from "../ui/notice";
import { exportUrl, type Format, files } from "./formats";
import { saveNamed } from "./saveNamed";

// Of a selection by number; an address longer than this is no link any more.
const linkedMax = 400;

function hrefOf(format: Format, { all, numbers }: Selection, filter: string) {
  if (all) return exportUrl(format, { filter });
  const list = [...numbers].map((number) => `number=${number}`).join("&");
  return `/export?format=${format.name}&${list}`;
}

interface Props {
  selection: Selection;
  filter: string;
  say: Say;
}

/* What is selected as a file, in the formats that are wanted most. */
export function SaveSelection({ selection, filter, say }: Props) {
  const { all, numbers } = selection;
  if (all && numbers.size > 0)
    return (
      <span>All but some cannot be saved at once; a filter that finds these can.</span>
    );
  return files.slice(0, 2).map((format) =>
    numbers.size > linkedMax ? (
      <SaveNamed key={format.name} format={format} numbers={numbers} say={say} />
    ) : (
      <a
        key={format.name}
        className="button"
        href={hrefOf(format, selection, filter)}
        download
      >
        Save as {format.label}
      </a>
    ),
  );
}

interface NamedProps {
  format: Format;
  numbers: ReadonlySet<number>;
  say: Say;
}

function SaveNamed({ format, numbers, say }: NamedProps) {
  const [came, setCame] = useState<number | null>(null);
  const call = useRef<AbortController>(null);
  const save = () => {
    const control = new AbortController();
    const { signal } = control;
    call.current = control;
    setCame(0);
    saveNamed(format, numbers, setCame, signal)
      .catch((error) => {
        if (!signal.aborted) say(error);
      })
      .finally(() => setCame(null));
  };
  return (
    <button
      type="button"
      className="button"
      onClick={came === null ? save : () => call.current?.abort()}
    >
      {came === null ? `Save as ${format.label}` : `Cancel (${formatSize(came)})`}
    </button>
  );
}
