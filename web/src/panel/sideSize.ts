import { readNumber, writeSetting } from "../ui/settings";

const least = 240;
const usual = 320;
/* What stays of the list. */
const listLeast = 320;

export function sideLimits(): [least: number, most: number] {
  return [least, Math.max(least, innerWidth - listLeast)];
}

function within(px: number): number {
  const [min, max] = sideLimits();
  return Math.round(Math.max(min, Math.min(px, max)));
}

export function readSide(): number {
  return within(readNumber("side", usual));
}

/* Lays the page out for it and keeps it; returns what it came to. */
export function setSide(px: number): number {
  const fitting = within(px);
  document.documentElement.style.setProperty("--side", `${fitting}px`);
  writeSetting("side", fitting);
  return fitting;
}
