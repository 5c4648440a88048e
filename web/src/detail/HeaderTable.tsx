import { useRef, useState } from "react";
import { CopyButton } from "../ui/CopyButton";
import { visibleLine, visibleName } from "../ui/captured";
import { formatCount, formatSize } from "../ui/format";
import { showMore, takeFocus } from "../ui/handOver";
import { explainHeader } from "./explain";
import type { Header } from "./headers";

// More are drawn only for who asks: each takes its time.
const shownCount = 200;
// Of longer values, more is in the raw form.
const shownLen = 8000;

/* Fields of a message, each with what it means where that is certain. */
export function HeaderTable({ title, headers }: { title: string; headers: Header[] }) {
  const [all, setAll] = useState(false);
  const list = useRef<HTMLDListElement>(null);
  const bytes = headers.reduce(
    (sum, { name, value }) => sum + name.length + value.length + 4,
    0,
  );
  const shown = all ? headers : headers.slice(0, shownCount);
  const text = headers.map(({ name, value }) => `${name}: ${value}`).join("\r\n");
  return (
    <section className="fields" aria-label={title}>
      <h3>
        {title}
        <small>
          {formatCount(headers.length)}, {formatSize(bytes)}
        </small>
        {headers.length > 0 && (
          <span className="tools">
            <CopyButton text={text} what={`all ${title.toLowerCase()}`} />
          </span>
        )}
      </h3>
      <dl ref={list} className="headers">
        {shown.map(({ name, value }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: headers repeat, and never move
          <HeaderRow key={index} name={name} value={value} />
        ))}
      </dl>
      {shown.length < headers.length && (
        <p className="cut-off">
          The first {shownCount} of {formatCount(headers.length)}.{" "}
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
  );
}

// Of which the values are addresses.
const addresses = /^(:authority|host|location|origin|referer)$/i;

function HeaderRow({ name, value }: Header) {
  const [all, setAll] = useState(false);
  const shown = all ? value : value.slice(0, shownLen);
  const why = explainHeader(name, value);
  return (
    <div>
      <dt>
        <bdi>{visibleLine(name)}</bdi>
      </dt>
      <dd>
        <span>
          <bdi tabIndex={all ? -1 : undefined} ref={all ? takeFocus : undefined}>
            {addresses.test(name) ? visibleName(shown) : visibleLine(shown)}
          </bdi>
          {shown.length < value.length && (
            <>
              {"\u2026 "}
              <button type="button" className="link" onClick={() => setAll(true)}>
                Show all {formatSize(value.length)}
              </button>
            </>
          )}
          {why && <small className="why">{why}</small>}
        </span>
        <span className="acts">
          <CopyButton text={value} what={`the value of ${visibleLine(name)}`} />
          <CopyButton
            text={`${name}: ${value}`}
            what={`the header ${visibleLine(name)}`}
          />
        </span>
      </dd>
    </div>
  );
}
