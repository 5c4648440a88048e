import { useEffect, useRef, useSyncExternalStore } from "react";
import { type Command, registry } from "./commands";

/* What changes a command's look; what it does may change with every drawing. */
function shapeOf(commands: readonly Command[]): string {
  return JSON.stringify(commands);
}

/* The page has these commands as long as the calling component is on it. */
export function useCommands(commands: readonly Command[]): void {
  const latest = useRef(commands);
  latest.current = commands;
  const owner = useRef({});
  const shape = shapeOf(commands);
  // biome-ignore lint/correctness/useExhaustiveDependencies: anew when they look different
  useEffect(() => {
    const put = latest.current.map((command, at) => ({
      ...command,
      run: () => latest.current[at]?.run(),
    }));
    registry.put(owner.current, put);
  }, [shape]);
  useEffect(() => {
    const mine = owner.current;
    return () => registry.put(mine, null);
  }, []);
}

export function useAllCommands(): readonly Command[] {
  return useSyncExternalStore(registry.subscribe, registry.get);
}
