import { useMemo, useRef, useState } from "react";
import { CopyButton } from "../ui/CopyButton";
import { visible, visibleLine, visibleName } from "../ui/captured";
import { formatCount, plural } from "../ui/format";
import { showMore } from "../ui/handOver";
import { takeApart } from "./url";

const shownCount = 100;

/* A URL taken apart, its parameters as a table. */
export function UrlTable({ url, asSent }: { url: string; asSent: string }) {
  const parts = useMemo(() => takeApart(url), [url]);
  const [all, setAll] = useState(false);
  const list = useRef<HTMLDListElement>(null);
  const pieces: [string, string][] = [
    ["Scheme", parts.scheme],
    ["User", parts.user],
    ["Host", parts.host],
    ["Port", parts.port],
    ["Path", parts.path],
    ["Fragment", parts.fragment],
    ["As sent", asSent === url ? "" : asSent],
  ];
  const params = all ? parts.params : parts.params.slice(0, shownCount);
  return (
    <>
      {parts.params.length > 0 && (
        <section className="fields" aria-label="Query">
          <h3>
            Query <small>{plural(parts.params.length, "parameter")}</small>
          </h3>
          <dl ref={list}>
            {params.map(([name, value], index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: parameters repeat, and never move
              <Row key={index} name={name} value={value} shown={visible(value)} />
            ))}
          </dl>
          {params.length < parts.params.length && (
            <p className="cut-off">
              The first {shownCount} of {formatCount(parts.params.length)}.{" "}
              <button
                type="button"
                className="link"
                onClick={() => showMore(list.current, () => setAll(true))}
              >
                Show all
              </button>
            </p>
          )}
        </section>
      )}
      <details className="fields fold">
        <summary>Parts of the URL</summary>
        <dl>
          {pieces
            .filter(([, value]) => value)
            .map(([name, value]) => (
              <Row key={name} name={name} value={value} shown={visibleName(value)} />
            ))}
        </dl>
      </details>
    </>
  );
}

interface RowProps {
  name: string;
  value: string;
  /* It, safe to draw. */
  shown: string;
}

function Row({ name, value, shown }: RowProps) {
  return (
    <div>
      <dt>
        <bdi>{visibleLine(name)}</bdi>
      </dt>
      <dd>
        <span>
          <bdi>{shown}</bdi>
        </span>
        <span className="acts">
          <CopyButton text={value} what={`the value of ${visibleLine(name)}`} />
        </span>
      </dd>
    </div>
  );
}
