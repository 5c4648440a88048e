export type Schedule = (draw: () => void) => void;

// A tab that is not seen draws no frames, yet batches must not pile up there.
const longestWaitMs = 250;
// What takes no longer leaves room for keys and clicks between two frames.
const cheapMs = 32;
const longestRestMs = 50;
// The frame after a key or a click is its own.
const answerMs = 16;
// After a pause React does its part before the frame instead of in it.
const quietMs = 50;

/* When the reader last did something. */
function lastInput(): () => number {
  let at = Number.NEGATIVE_INFINITY;
  const heard = () => {
    at = performance.now();
  };
  for (const type of ["keydown", "pointerdown", "input", "wheel"])
    addEventListener(type, heard, { capture: true, passive: true });
  return () => at;
}

/*
 * Draws in the next frame; or in the one after, if the reader waits for what
 * was just done. After a frame that took long it rests half as long, so that
 * keys are answered in between however fast the flows come.
 */
export function pacedFrames(): Schedule {
  const inputAt = lastInput();
  let restMs = 0;
  let drawnAt = Number.NEGATIVE_INFINITY;
  return (draw) => {
    let done = false;
    const once = () => {
      if (done) return;
      done = true;
      const started = performance.now();
      drawnAt = started;
      draw();
      // This comes after React, layout and paint have done their part.
      setTimeout(() => {
        const took = performance.now() - started;
        restMs = took < cheapMs ? 0 : Math.min(took / 2, longestRestMs);
      });
    };
    const inFrame = () => {
      if (performance.now() - inputAt() < answerMs) requestAnimationFrame(once);
      else once();
    };
    const soon = () => {
      const now = performance.now();
      if (now - drawnAt > quietMs && now - inputAt() >= answerMs) once();
      else requestAnimationFrame(inFrame);
    };
    if (restMs > 0) setTimeout(soon, restMs);
    else soon();
    setTimeout(once, longestWaitMs + restMs);
  };
}
