import { startTransition } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { PlaceProvider } from "./place/usePlace";
import { type Live, LiveContext } from "./store/hooks";

// A page without rows is drawn sooner than this only if it has all to itself.
const patienceMs = 100;

/* Draws the page, at once with its first rows if they do not let it wait. */
export async function render(live: Live, first: Promise<unknown>): Promise<void> {
  const patience = new Promise((resolve) => setTimeout(resolve, patienceMs));
  await Promise.race([first, patience]);
  const root = document.getElementById("root");
  if (!root) return;
  // In a transition React pauses, so that no task is long.
  startTransition(() =>
    createRoot(root).render(
      <LiveContext value={live}>
        <PlaceProvider>
          <App />
        </PlaceProvider>
      </LiveContext>,
    ),
  );
}
