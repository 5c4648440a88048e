import { type RefCallback, useCallback, useRef, useState } from "react";
import type { Selection } from "../list/selection";
import { formatSize } from "../ui/format";
import { takeFocus, useHandOver } from "../ui/handOver";
import type { Say } from "../ui/notice";
import { exportUrl, type Format } from "./formats";
import { SaveMenu } from "./SaveMenu";
import { saveNamed } from "./saveNamed";

// Of a selection by number; an address longer than this is no link any more.
const linkedMax = 400;

function hrefOf(format: Format, { all, numbers }: Selection, filter: string) {
  if (all) return exportUrl(format, { filter });
  if (numbers.size > linkedMax) return null;
  const list = [...numbers].map((number) => `number=${number}`).join("&");
  return `/export?format=${format.name}&${list}`;
}

interface Props {
  selection: Selection;
  filter: string;
  say: Say;
}

/* What is selected as a file. */
export function SaveSelection({ selection, filter, say }: Props) {
  const { all, numbers } = selection;
  const [came, setCame] = useState<number | null>(null);
  const call = useRef<AbortController>(null);
  const refs = useTurns();
  const save = (format: Format) => {
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
  if (came !== null)
    return (
      <button
        ref={refs.second}
        type="button"
        className="button"
        onClick={() => call.current?.abort()}
      >
        Cancel ({formatSize(came)})
      </button>
    );
  if (all && numbers.size > 0)
    return <span className="selection-hint">To save these, filter for them.</span>;
  return (
    <SaveMenu
      ref={refs.first}
      href={(format) => hrefOf(format, selection, filter)}
      onSave={save}
    />
  );
}

/* Refs of two controls that take turns: the second has the focus when it
 * comes, and the first when that goes, if it had it still. */
function useTurns() {
  const goesBack = useRef(false);
  const handOver = useHandOver(() => {
    goesBack.current = true;
  });
  const first: RefCallback<HTMLElement> = useCallback((el) => {
    if (goesBack.current) takeFocus(el);
    goesBack.current = false;
  }, []);
  const second: RefCallback<HTMLElement> = useCallback(
    (el) => {
      takeFocus(el);
      return handOver(el);
    },
    [handOver],
  );
  return { first, second };
}
