import { type Ref, useRef } from "react";
import { whenIdle } from "../../ui/idle";
import { late } from "../../ui/late";
import { warmUp } from "./laying";
import type { Style } from "./layout";

export interface TextHandle {
  search(): void;
  fold(): void;
  focus(): void;
}

interface Props {
  ref: Ref<TextHandle>;
  bytes: Uint8Array;
  charset: string;
  style: Style;
  pretty: boolean;
}

/* The editor's code comes when it is needed first. */
export const LazyText = late<Props>(
  () => import("./TextView").then((module) => module.default),
  () => <div className="text-view" aria-busy="true" />,
);

/* So that the first text is there as fast as the next ones. */
export function prefetchText(): void {
  warmUp();
  void LazyText.prefetch().then(async () => {
    const { rehearse } = await import("./TextView");
    whenIdle(rehearse);
  });
}

export const useTextHandle = () => useRef<TextHandle>(null);
