import type { Row } from "../connection/row";
import { useLive } from "../store/hooks";
import { Dialog } from "../ui/Dialog";
import type { Say } from "../ui/notice";
import { deleteFlow } from "./actions";

interface Props {
  row: Row;
  onClose(): void;
  onDeleted(): void;
  say: Say;
}

export function DeleteDialog({ row, onClose, onDeleted, say }: Props) {
  const { store } = useLive();
  const confirm = () => {
    onClose();
    deleteFlow(store, row.number)
      .then(() => {
        onDeleted();
        say("Flow deleted");
      })
      .catch(say);
  };
  return (
    <Dialog title="Delete this flow?" onClose={onClose}>
      <p className="cap">
        {row.badge} <bdi>{`${row.host}${row.path}`}</bdi>
      </p>
      <p>It goes for every reader, and cannot be brought back.</p>
      <div className="buttons">
        <button type="button" className="button danger" onClick={confirm}>
          Delete
        </button>
        <button type="button" className="button" onClick={onClose}>
          Keep it
        </button>
      </div>
    </Dialog>
  );
}
