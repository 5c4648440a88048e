import type { End, Job } from "./layout";
import type { Batch } from "./lines";

/* What page and worker say to each other. */
export type Order = { id: number; job: Job } | { stop: number };

export type Answer = { id: number } & (
  | { batch: Batch }
  | { end: End }
  | { error: string }
);
