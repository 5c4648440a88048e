import { usePlace } from "../place/usePlace";
import { wordsOf } from "../wire/failure";
import { isGone, type Loaded } from "./FlowLoader";

interface Props {
  loaded: Loaded;
  onRetry(): void;
  onClose(): void;
}

/* Why the flow is not here, or is no longer what it was, and how to go on. */
export function FlowFault({ loaded, onRetry, onClose }: Props) {
  const { place } = usePlace();
  const { flow, error } = loaded;
  const gone = isGone(loaded);
  if (flow) {
    return (
      <p className="alert" role="alert">
        {gone
          ? "This flow is no longer kept: it was deleted, or made room for newer ones."
          : `It is shown as it was: ${wordsOf(error)}`}
      </p>
    );
  }
  return (
    <div className="nothing" role="alert">
      {gone ? (
        <p>
          Flow {loaded.number} is not kept here. It was deleted, or made room for newer
          ones.
        </p>
      ) : (
        <p>{wordsOf(error)}</p>
      )}
      <button type="button" className="button" onClick={gone ? onClose : onRetry}>
        {gone
          ? place.filter
            ? "Show what the filter finds"
            : "Show all flows"
          : "Try again"}
      </button>
    </div>
  );
}
