export type Group = "List" | "Flow" | "Filter" | "View" | "Page";

/* Something that the page can do, in one place for keys, menu and palette. */
export interface Command {
  id: string;
  group: Group;
  /* As in a menu: "Pause the list". */
  title: string;
  /* As in KeyboardEvent.key, without Ctrl, Cmd or Alt: those are the browser's. */
  keys?: readonly string[];
  /* Its keys are heard by the part of the page that they are for, not here. */
  isHeardElsewhere?: boolean;
  /* A combination that the page does take: with Ctrl or Cmd. */
  withCtrl?: string;
  /* False: it cannot be done now. */
  enabled?: boolean;
  /* True: in the menu of the header too. */
  inMenu?: boolean;
  run(): void;
}

/* The commands of all features that are on the page. */
export class Registry {
  commands: readonly Command[] = [];
  private readonly parts = new Map<object, readonly Command[]>();
  private readonly listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly get = (): readonly Command[] => this.commands;

  put(owner: object, commands: readonly Command[] | null): void {
    if (commands) this.parts.set(owner, commands);
    else this.parts.delete(owner);
    this.commands = [...this.parts.values()].flat();
    for (const listener of this.listeners) listener();
  }

  find(matches: (command: Command) => boolean): Command | undefined {
    return this.commands.find(
      (command) =>
        command.enabled !== false && !command.isHeardElsewhere && matches(command),
    );
  }
}

export const registry = new Registry();
