import type { Command } from "../commands/commands";

const nothing = () => {};

/* The keys that the list hears by itself, for the page's help. */
export const listKeys: readonly Command[] = [
  {
    id: "list-move",
    title: "Next and previous flow",
    keys: ["j", "k", "ArrowDown", "ArrowUp"],
  },
  { id: "list-page", title: "A page further or back", keys: ["PageDown", "PageUp"] },
  { id: "list-ends", title: "To either end", keys: ["Home", "End"] },
  { id: "list-open", title: "Open the flow", keys: ["Enter"] },
].map((command) => ({ ...command, group: "List", isHeardElsewhere: true, run: nothing }));
