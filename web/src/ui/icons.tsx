/* Small pictures; the text beside them, or a label, says the same. */

function Icon({ d, label }: { d: string; label?: string }) {
  return (
    <svg
      className="icon"
      viewBox="0 0 16 16"
      width="14"
      height="14"
      {...(label ? { role: "img", "aria-label": label } : { "aria-hidden": true })}
    >
      {label && <title>{label}</title>}
      <path
        d={d}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.4"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}

export const PinIcon = () => (
  <Icon label="pinned" d="M6 2h4M6.5 2v4L4 9h8L9.5 6V2M8 9v5" />
);
export const NoteIcon = () => (
  <Icon label="has a note" d="M3 2.5h10v7L9.5 13.5H3zM13 9.5H9.5v4M5.500 6h5" />
);
export const CloseIcon = () => <Icon d="M4 4l8 8M12 4l-8 8" />;
export const UpIcon = () => <Icon d="M8 13V3M4 7l4-4 4 4" />;
export const DownIcon = () => <Icon d="M8 3v10M4 9l4 4 4-4" />;
export const PauseIcon = () => <Icon d="M5.500 3.500v9M10.500 3.500v9" />;
export const PlayIcon = () => <Icon d="M5 3.500v9l7-4.500z" />;
export const ClockIcon = () => (
  <Icon d="M8 2.500a5.500 5.500 0 100 11 5.500 5.500 0 000-11zM8 5v3l2 1.500" />
);
export const ColumnsIcon = () => <Icon d="M2.500 3h11v10h-11zM6.200 3v10M9.800 3v10" />;
export const MoreIcon = () => (
  <Icon d="M2.6 8a.5.5 0 1 0 1 0 .5.5 0 1 0-1 0M7.500 8a.5.5 0 1 0 1 0 .5.5 0 1 0-1 0M12.400 8a.5.5 0 1 0 1 0 .5.5 0 1 0-1 0" />
);
