import { setUtc } from "../ui/format";
import { readSetting, writeSetting } from "../ui/settings";

/* How the page looks, for this reader in this browser. */
export const themes = ["system", "light", "dark"] as const;
export const densities = ["comfortable", "compact"] as const;
export const zones = ["local", "utc"] as const;
export const timings = ["clock", "ago"] as const;

export type Theme = (typeof themes)[number];
export type Density = (typeof densities)[number];
/* Which clock times are told by. */
export type Zone = (typeof zones)[number];
/* How the list tells when flows began: by the clock, or how long ago. */
export type Timing = (typeof timings)[number];

export interface Appearance {
  theme: Theme;
  density: Density;
  zone: Zone;
  times: Timing;
}

function read(): Appearance {
  return {
    theme: readSetting("theme", themes),
    density: readSetting("density", densities),
    zone: readSetting("zone", zones),
    times: readSetting("times", timings),
  };
}

let appearance: Appearance = read();
const listeners = new Set<() => void>();

export const getAppearance = (): Appearance => appearance;

export function subscribeAppearance(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

const systemTheme = () => matchMedia("(prefers-color-scheme: dark)");

/* Puts theme and density on the root, where style sheets read them. */
function applyAppearance(): void {
  const { dataset } = document.documentElement;
  const { theme } = appearance;
  const ofSystem = systemTheme().matches ? "dark" : "light";
  dataset.theme = theme === "system" ? ofSystem : theme;
  dataset.density = appearance.density;
  setUtc(appearance.zone === "utc");
}

export function setAppearance(change: Partial<Appearance>): void {
  appearance = { ...appearance, ...change };
  for (const [name, value] of Object.entries(change)) writeSetting(name, value);
  applyAppearance();
  for (const listener of listeners) listener();
}

/* From now on the page looks as was chosen, here or in another tab. */
export function startAppearance(): void {
  applyAppearance();
  systemTheme().addEventListener("change", applyAppearance);
  addEventListener("storage", () => {
    appearance = read();
    applyAppearance();
    for (const listener of listeners) listener();
  });
}
