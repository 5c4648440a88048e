import { type ReactNode, useId, useLayoutEffect, useRef } from "react";

interface Props {
  title: string;
  className?: string;
  onClose(): void;
  children: ReactNode;
}

/* A modal dialog: the browser keeps the focus inside and gives it back. */
export function Dialog({ title, className, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  // Closed while it is still in the page, or the focus is lost.
  useLayoutEffect(() => {
    const el = dialog.current;
    el?.showModal();
    return () => el?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className={className}
      aria-labelledby={heading}
      onCancel={onClose}
      onClose={onClose}
    >
      <h2 id={heading}>{title}</h2>
      {children}
    </dialog>
  );
}

/* The last line of a dialog that only shows something. */
export function CloseLine({ onClose }: Pick<Props, "onClose">) {
  return (
    <div className="buttons">
      <button type="button" className="button" onClick={onClose}>
        Close
      </button>
    </div>
  );
}
