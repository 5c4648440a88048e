import { CloseLine, Dialog } from "../ui/Dialog";
import { SaveLinks } from "./SaveLinks";

interface Props {
  filter: string;
  onClose(): void;
}

/* Saves all flows that the filter takes. */
export function ExportDialog({ filter, onClose }: Props) {
  return (
    <Dialog title="Export" onClose={onClose}>
      <p>
        {filter ? "All flows that the filter takes" : "All flows"}, oldest first, as a
        file:
      </p>
      <SaveLinks chosen={{ filter }} />
      <CloseLine onClose={onClose} />
    </Dialog>
  );
}
