import { copyText } from "../ui/clipboard";
import { Dialog } from "../ui/Dialog";
import type { Say } from "../ui/notice";
import { exportText, type Format, texts } from "./formats";
import { SaveLinks } from "./SaveLinks";

interface Props {
  number: number;
  onClose(): void;
  say: Say;
}

/* Takes one flow away, to paste or to save. */
export function CopyDialog({ number, onClose, say }: Props) {
  const copy = (format: Format) => {
    exportText(format, number)
      .then(copyText)
      .then(() => say(`${format.label} copied`))
      .catch(say)
      .finally(onClose);
  };
  return (
    <Dialog title="Copy or save the flow" onClose={onClose}>
      <h3>Copy as</h3>
      <div className="buttons">
        {texts.map((format) => (
          <button
            key={format.name}
            type="button"
            className="button"
            onClick={() => copy(format)}
          >
            {format.label}
          </button>
        ))}
      </div>
      <h3>Save as</h3>
      <SaveLinks chosen={{ number }} />
      <div className="buttons">
        <button type="button" className="button" onClick={onClose}>
          Close
        </button>
      </div>
    </Dialog>
  );
}
