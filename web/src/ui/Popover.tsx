import * as Radix from "@radix-ui/react-popover";
import { type ReactNode, type RefObject, useRef } from "react";

interface Props {
  label: string;
  anchor: RefObject<HTMLElement | null>;
  onClose(): void;
  children: ReactNode;
}

/*
 * A small dialog at a button, which is not modal: what is outside can be used,
 * and closes it. Its Esc gives the focus back to the button.
 */
export function Popover({ label, anchor, onClose, children }: Props) {
  const byKey = useRef(false);
  return (
    <Radix.Root open modal={false} onOpenChange={(open) => !open && onClose()}>
      <Radix.Anchor virtualRef={anchor as RefObject<HTMLElement>} />
      <Radix.Portal>
        <Radix.Content
          className="popover"
          aria-label={label}
          align="start"
          sideOffset={4}
          collisionPadding={8}
          onEscapeKeyDown={() => {
            byKey.current = true;
          }}
          onFocusOutside={({ target }) => {
            // Tab went past the last control: it goes on from the button.
            if (target instanceof Element && target.matches("[data-radix-focus-guard]"))
              byKey.current = true;
          }}
          onInteractOutside={(event) => {
            // The button closes it by itself.
            if (anchor.current?.contains(event.target as Node)) event.preventDefault();
          }}
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            if (byKey.current) anchor.current?.focus();
          }}
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
