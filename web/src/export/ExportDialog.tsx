import { Dialog } from "../ui/Dialog";
import { exportUrl, files } from "./formats";

interface Props {
  filter: string;
  onClose(): void;
}

/* Saves all flows that the filter takes; the browser shows how far it is. */
export function ExportDialog({ filter, onClose }: Props) {
  return (
    <Dialog title="Export" onClose={onClose}>
      <p>
        {filter ? "All flows that the filter takes" : "All flows"}, oldest first, as a
        file:
      </p>
      <div className="buttons">
        {files.map((format) => (
          <a
            key={format.name}
            className="button"
            href={exportUrl(format, { filter })}
            download
          >
            {format.label}
          </a>
        ))}
      </div>
      <div className="buttons">
        <button type="button" className="button" onClick={onClose}>
          Close
        </button>
      </div>
    </Dialog>
  );
}
