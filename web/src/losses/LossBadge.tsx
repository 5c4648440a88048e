import { useState } from "react";
import { useView } from "../store/hooks";
import { CloseLine, Dialog } from "../ui/Dialog";
import { formatCount, formatDateTime, plural } from "../ui/format";
import { countLost, type Loss, lossWords } from "./loss";
import "./losses.css";

/* Reports that the list shows, the newest. */
const shownMax = 100;

/* Says that flows are missing which no list can show; a click says which. */
export function LossBadge() {
  const losses = useView((view) => view.losses);
  const [open, setOpen] = useState(false);
  if (losses.length === 0) return null;
  const words = lossWords(losses);
  return (
    <>
      <button
        type="button"
        className="button loss"
        aria-haspopup="dialog"
        aria-label={words}
        title={words}
        onClick={() => setOpen(true)}
      >
        <bdi className="loss-words">{words}</bdi>
        <span className="loss-short">{formatCount(countLost(losses))} lost</span>
      </button>
      {open && <LossDialog losses={losses} onClose={() => setOpen(false)} />}
    </>
  );
}

function LossDialog({ losses, onClose }: { losses: readonly Loss[]; onClose(): void }) {
  const shown = losses.slice(-shownMax).reverse();
  const older = losses.length - shown.length;
  return (
    <Dialog title="Lost flows" onClose={onClose}>
      <p>Proxies had to give up these flows before they came here.</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a list that scrolls is reached by keys */}
      <ol className="losses" tabIndex={0}>
        {shown.map((loss) => (
          <li key={loss.number}>
            <strong>{plural(loss.count, "flow")}</strong>
            {loss.source && (
              <>
                {" on proxy "}
                <bdi>{loss.source}</bdi>
              </>
            )}
            <span className="dim">
              {formatDateTime(loss.fromMs)}
              {loss.toMs !== loss.fromMs && ` \u2013 ${formatDateTime(loss.toMs)}`}
            </span>
            {loss.reason && <bdi>{loss.reason}</bdi>}
          </li>
        ))}
      </ol>
      {older > 0 && <p className="dim">and {plural(older, "older report")}</p>}
      <CloseLine onClose={onClose} />
    </Dialog>
  );
}
