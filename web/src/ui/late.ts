import { type ComponentType, lazy } from "react";

const againMs = 1000;

/*
 * The code of a part that comes when it is needed. While the server is away
 * it is asked for again and again, as all else is.
 */
export async function persistent<T>(load: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await load();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, againMs));
    }
  }
}

/* As React's `lazy`, of a component that `load` brings. */
export function late<Props>(load: () => Promise<ComponentType<Props>>) {
  return lazy(async () => ({ default: await persistent(load) }));
}
