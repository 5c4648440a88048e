import { Dialog } from "../ui/Dialog";

const keys: [string[], string][] = [
  [["j", "k", "\u2193", "\u2191"], "next and previous flow"],
  [["PgUp", "PgDn", "Home", "End"], "a page, or to either end"],
  [["Enter"], "open the flow"],
  [["Esc"], "close it"],
  [["\u2190", "\u2192"], "on a tab: the tab beside it"],
  [["/"], "filter"],
  [["p"], "pin the flow, or unpin it"],
  [["n"], "write a note"],
  [["?"], "this help"],
];

const filters: [string, string][] = [
  ["needle", "any text in a flow"],
  ["~m POST & ~c 5xx", "method and status"],
  ["~d example.com", "host"],
  ["~b error | ~e", "in a body; or failed"],
  ["!~u /ping", "not this URL"],
];

export function HelpDialog({ onClose }: { onClose(): void }) {
  return (
    <Dialog title="Keys and filters" onClose={onClose}>
      <dl className="keys">
        {keys.map(([names, what]) => (
          <div key={what}>
            <dt>
              {names.map((name) => (
                <kbd key={name}>{name}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <p className="dim">No key deletes anything.</p>
      <h3>Filters</h3>
      <dl className="keys">
        {filters.map(([filter, what]) => (
          <div key={filter}>
            <dt>
              <code>{filter}</code>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <div className="buttons">
        <button type="button" className="button" onClick={onClose}>
          Close
        </button>
      </div>
    </Dialog>
  );
}
