import type { Fault } from "../filter/fault";
import type { Loss } from "../losses/loss";
import type { Row } from "./row";

/*
 * What tabs and the worker say to each other over a MessagePort. Every
 * message can be cloned; a tab's first is `watch`.
 */

/* The server answers, but not this reader: the session is over, or it is none
 * that may read. */
export type Refused = "signed-out" | "denied";

export interface Status {
  state: "connecting" | "live" | "offline" | Refused;
  /* When the connection was lost, ms since the epoch; 0 while it stands. */
  since: number;
  /* Why the last try failed. */
  reason: string;
}

/* How far a search has come; it has looked at all that came after `backToMs`. */
export interface Search {
  backToMs: number;
}

export type ToHub =
  /* Show flows that this filter matches; from now on batches carry it. */
  | { type: "watch"; filter: string }
  | { type: "pong" }
  /* The tab came back from sleep: is the stream still alive? */
  | { type: "wake" }
  /* Tell of new flows that match one of these; at most `alarmsMost`. */
  | { type: "alarms"; filters: readonly string[] }
  /* The tab closes. */
  | { type: "bye" };

export type ToTab =
  | { type: "status"; filter: string; status: Status }
  | {
      type: "batch";
      filter: string;
      /* Forget all rows first. */
      reset: boolean;
      rows: readonly Row[];
      gone: readonly number[];
      floor: number;
      /* Flows that match and are older than the window; null: not known yet. */
      below: number | null;
      /* Flows that the server keeps, whatever the filter; null: not known yet. */
      total: number | null;
      /* Flows that its limits have made it let go of. */
      evicted: number;
      /* A regular expression met its limits on flows, which may be missing. */
      limited: boolean;
    }
  /* All that are known of, whatever the filter, in order of number. */
  | { type: "losses"; filter: string; losses: readonly Loss[] }
  /* Rows of a search come in batches meanwhile; null: it is over. */
  | { type: "search"; filter: string; search: Search | null }
  /* The server does not take this filter; nothing more comes of it. */
  | { type: "fault"; filter: string; fault: Fault }
  /* So many new flows matched one of `alarms`, the last of them `row`. */
  | { type: "alarm"; filter: string; row: Row; count: number }
  | { type: "ping" };

export type Batch = Extract<ToTab, { type: "batch" }>;

/* One end of a MessagePort, as far as it is used. */
export interface Port<Out> {
  postMessage(message: Out): void;
}

/* What a page asks for by itself, before there is a worker. */
export const screenOfRows = 60;

/* What a reset brings, and the most that a window grows to. */
export const firstLimit = 200;
export const windowMax = 2000;

/* Filters that are watched for alarms, by all tabs together. */
export const alarmsMost = 4;
