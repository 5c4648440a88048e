import { Dialog } from "./Dialog";

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

export function HelpDialog({ onClose }: { onClose(): void }) {
  return (
    <Dialog title="Keys" onClose={onClose}>
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
      <div className="buttons">
        <button type="button" className="button" onClick={onClose}>
          Close
        </button>
      </div>
    </Dialog>
  );
}
