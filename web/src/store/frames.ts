export type Schedule = (draw: () => void) => void;

// A tab that is not seen draws no frames, yet batches must not pile up there.
const longestWaitMs = 250;
// Less than this leaves room for a key or a click within the same frame.
const cheapMs = 8;
const longestRestMs = 150;

/*
 * Draws in the next frame; after one that took long, rests as long again, so
 * that keys are answered in between however fast the flows come.
 */
export function pacedFrames(): Schedule {
  let restMs = 0;
  return (draw) => {
    let done = false;
    const once = () => {
      if (done) return;
      done = true;
      const started = performance.now();
      draw();
      // This comes after React, layout and paint have done their part.
      setTimeout(() => {
        const took = performance.now() - started;
        restMs = took < cheapMs ? 0 : Math.min(took, longestRestMs);
      });
    };
    const soon = () => requestAnimationFrame(once);
    if (restMs > 0) setTimeout(soon, restMs);
    else soon();
    setTimeout(once, longestWaitMs + restMs);
  };
}
