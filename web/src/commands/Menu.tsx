import * as Radix from "@radix-ui/react-dropdown-menu";
import { MoreIcon } from "../ui/icons";
import { landmark } from "../ui/landmark";
import type { Command } from "./commands";
import { keysOf } from "./keyNames";
import { useAllCommands } from "./useCommands";
import "../ui/menu.css";

/* The commands that have their place in the menu, by group. */
export function Menu() {
  const commands = useAllCommands().filter(({ inMenu }) => inMenu);
  const groups = [...new Set(commands.map(({ group }) => group))];
  return (
    <Radix.Root defaultOpen modal={false}>
      <Radix.Trigger className="button more" aria-label="More">
        <MoreIcon />
      </Radix.Trigger>
      <Radix.Portal container={landmark()}>
        <Radix.Content className="menu" align="end" sideOffset={4} collisionPadding={8}>
          {groups.map((group) => (
            <Radix.Group key={group} className="menu-group">
              {commands
                .filter((command) => command.group === group)
                .map((command) => (
                  <Item key={command.id} command={command} />
                ))}
            </Radix.Group>
          ))}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

function Item({ command }: { command: Command }) {
  return (
    <Radix.Item
      className="menu-item"
      disabled={command.enabled === false}
      // What it does may move the focus, after the menu has given it back.
      onSelect={() => setTimeout(() => command.run())}
    >
      <span>{command.title}</span>
      <span className="menu-keys" aria-hidden="true">
        {keysOf(command).join(" ")}
      </span>
    </Radix.Item>
  );
}
