import { savedViews } from "../views/saved";
import type { Command } from "./commands";
import { fitting } from "./fuzzy";
import { keysOf } from "./keyNames";

export interface PaletteItem {
  id: string;
  group: string;
  title: string;
  /* As on the keyboard. */
  keys: readonly string[];
  run(): void;
}

/* What fits the text that was typed, best first. */
export function paletteItems(
  commands: readonly Command[],
  typed: string,
  onFlow: (number: number) => void,
  onView: (name: string) => void,
): PaletteItem[] {
  const done = commands
    .filter(
      ({ enabled, isHeardElsewhere, id }) =>
        enabled !== false && !isHeardElsewhere && id !== "palette",
    )
    .map((command) => ({
      id: command.id,
      group: command.group,
      title: command.title,
      keys: keysOf(command),
      run: () => command.run(),
    }));
  const views = savedViews().map(({ name }) => ({
    id: `view ${name}`,
    group: "Saved view",
    title: name,
    keys: [],
    run: () => onView(name),
  }));
  const items = fitting(
    [...done, ...views],
    ({ title, group }) => `${title} ${group}`,
    typed,
  );
  const number = Number(/^\s*#?([1-9]\d{0,14})\s*$/.exec(typed)?.[1] ?? 0);
  if (number > 0)
    items.unshift({
      id: "flow",
      group: "Flow",
      title: `Go to flow ${number}`,
      keys: [],
      run: () => onFlow(number),
    });
  return items;
}
