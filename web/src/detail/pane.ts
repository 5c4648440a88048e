import type { Row } from "../connection/row";
import type { Say } from "../ui/notice";

/* What the page asks of the open flow's pane. */
export interface DetailHandle {
  focus(): void;
  togglePin(): void;
  /* Flow `number`, which is open or about to be. */
  writeNote(number: number): void;
}

export interface PaneProps {
  number: number | null;
  /* The open flow as the list knows it, if it does. */
  row: Row | undefined;
  onClose(): void;
  say: Say;
}
