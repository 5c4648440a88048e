import { type ComponentType, createElement, useEffect, useState } from "react";
import { lookForNewPage } from "./outdated";

const againMs = 1000;

/*
 * The code of a part that comes when it is needed. While the server is away
 * it is asked for again and again, as all else is; a server that has another
 * page by now will never have it, which the reader is told.
 */
export async function persistent<T>(load: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await load();
    } catch {
      await lookForNewPage();
      await new Promise((resolve) => setTimeout(resolve, againMs));
    }
  }
}

/* A component that takes the place of one whose code comes late. */
export interface Late<Props> {
  (props: Props): ReturnType<typeof createElement> | null;
  /* Gets the code before it is needed. */
  prefetch(): Promise<void>;
}

/*
 * The component that `load` brings; until then `Waiting` has its place. This
 * is no React.lazy: what suspends is shown 300 ms later at the earliest, and
 * suspends once even if its code is there.
 */
export function late<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
  Waiting?: ComponentType<Props>,
): Late<Props> {
  let there: ComponentType<Props> | undefined;
  let coming: Promise<void> | undefined;
  const prefetch = () => {
    coming ??= persistent(load).then((component) => {
      there = component;
    });
    return coming;
  };
  const Part = (props: Props) => {
    const [isThere, setThere] = useState(there !== undefined);
    useEffect(() => {
      if (isThere) return;
      let isWanted = true;
      void prefetch().then(() => isWanted && setThere(true));
      return () => {
        isWanted = false;
      };
    }, [isThere]);
    const shown = there ?? Waiting;
    return shown ? createElement(shown, props) : null;
  };
  return Object.assign(Part, { prefetch });
}
