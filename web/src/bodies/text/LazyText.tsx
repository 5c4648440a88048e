import { type Ref, Suspense, useRef } from "react";
import { late, persistent } from "../../ui/late";
import { warmUp } from "./laying";
import type { Style } from "./layout";

export interface TextHandle {
  search(): void;
  fold(): void;
}

interface Props {
  ref: Ref<TextHandle>;
  bytes: Uint8Array;
  charset: string;
  style: Style;
  pretty: boolean;
}

const load = () => import("./TextView");
const TextView = late(() => load().then((module) => module.default));

/* So that the first text is there as fast as the next ones. */
export function prefetchText(): void {
  void persistent(load);
  warmUp();
}

export const useTextHandle = () => useRef<TextHandle>(null);

/* The editor's code comes when it is needed first. */
export function LazyText(props: Props) {
  return (
    <Suspense fallback={<div className="text-view" aria-busy="true" />}>
      <TextView {...props} />
    </Suspense>
  );
}
