/* undefined: there is nothing to zoom to. */
interface Props {
  onIn: (() => void) | undefined;
  onOut: (() => void) | undefined;
}

export function ZoomButtons({ onIn, onOut }: Props) {
  return (
    <div className="timeline-zoom">
      {onIn && (
        <button type="button" onClick={onIn} title="Show only these times (+)">
          Zoom in
        </button>
      )}
      {onOut && (
        <button type="button" onClick={onOut} title="Show all times (-)">
          Zoom out
        </button>
      )}
    </div>
  );
}
