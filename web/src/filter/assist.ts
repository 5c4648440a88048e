import type { KeyboardEvent } from "react";

/* What the filter box asks of the completions below it. */
export interface Assist {
  /* True: the key was for them. */
  pressed(event: KeyboardEvent): boolean;
  close(): void;
}
