import * as Menu from "@radix-ui/react-dropdown-menu";
import type { Ref } from "react";
import { landmark } from "../ui/landmark";
import { type Format, files } from "./formats";
import "../ui/menu.css";

interface Props {
  ref: Ref<HTMLButtonElement>;
  /* The address of a file; null: it comes by onSave(). */
  href(format: Format): string | null;
  onSave(format: Format): void;
}

/* All kinds of files behind one button. */
export function SaveMenu({ ref, href, onSave }: Props) {
  return (
    <Menu.Root modal={false}>
      <Menu.Trigger ref={ref} className="button">
        Save as…
      </Menu.Trigger>
      <Menu.Portal container={landmark()}>
        <Menu.Content className="menu" align="end" sideOffset={4} collisionPadding={8}>
          {files.map((format) => {
            const link = href(format);
            return link === null ? (
              <Menu.Item
                key={format.name}
                className="menu-item"
                onSelect={() => onSave(format)}
              >
                {format.label}
              </Menu.Item>
            ) : (
              <Menu.Item key={format.name} className="menu-item" asChild>
                <a href={link} download>
                  {format.label}
                </a>
              </Menu.Item>
            );
          })}
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  );
}
