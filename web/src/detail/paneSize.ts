import { readNumber, readSetting, writeSetting } from "../ui/settings";

/* Where the open flow stands, and how much of the page it takes. */
export type Side = "right" | "below";

export interface PaneSize {
  side: Side;
  /* Of its width at the right, of its height below. */
  px: number;
}

const sides: Side[] = ["right", "below"];
const least: Record<Side, number> = { right: 340, below: 160 };
// What stays of the list.
const listLeast: Record<Side, number> = { right: 320, below: 160 };
const share: Record<Side, number> = { right: 0.42, below: 0.5 };

const extent = (side: Side) => (side === "right" ? innerWidth : innerHeight);

export function limits(side: Side): [least: number, most: number] {
  return [least[side], Math.max(least[side], extent(side) - listLeast[side])];
}

export function within({ side, px }: PaneSize): PaneSize {
  const [min, max] = limits(side);
  return { side, px: Math.round(Math.max(min, Math.min(px, max))) };
}

/* How wide the pane is then. */
export function paneWidth({ side, px }: PaneSize): number {
  return side === "right" ? px : innerWidth;
}

export function readPane(side: Side = readSetting("pane-side", sides)): PaneSize {
  const kept = readNumber(`pane-${side}`, extent(side) * share[side]);
  return within({ side, px: kept });
}

/* Lays the page out for it; before the first frame, so that nothing moves. */
export function applyPane({ side, px }: PaneSize): void {
  const root = document.documentElement;
  root.dataset.pane = side;
  root.style.setProperty("--pane", `${px}px`);
}

export function keepPane(size: PaneSize): void {
  writeSetting("pane-side", size.side);
  writeSetting(`pane-${size.side}`, size.px);
}
