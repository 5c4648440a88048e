import { type Ref, useRef } from "react";
import { late } from "../../ui/late";
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

/* The editor's code comes when it is needed first. */
export const LazyText = late<Props>(
  () => import("./TextView").then((module) => module.default),
  () => <div className="text-view" aria-busy="true" />,
);

/* So that the first text is there as fast as the next ones. */
export function prefetchText(): void {
  void LazyText.prefetch();
  warmUp();
}

export const useTextHandle = () => useRef<TextHandle>(null);
