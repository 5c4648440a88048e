import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import pixelmatch from "pixelmatch";
import type { Page } from "playwright-core";
import { PNG } from "pngjs";
import { expect } from "vitest";

const golden = fileURLToPath(new URL("../golden/", import.meta.url));
const failed = fileURLToPath(new URL("../golden-failed/", import.meta.url));

// A font's edges may differ a little; a line that moved or a colour may not.
const pixelThreshold = 0.15;
const shareAllowed = 0.002;

/* What changes by itself with every run: rates, and the server's port. */
const restless = [".badge", ".empty pre"];

/*
 * The page looks as in golden/NAME.png, which MITMFLOW_GOLDEN=new writes anew.
 * What differs is left in golden-failed/, with a picture of the differences.
 */
export async function looksAs(page: Page, name: string): Promise<void> {
  await page.waitForFunction(() => !document.querySelector("[aria-busy=true]"));
  await page.waitForFunction(() => [...document.images].every((image) => image.complete));
  // What came last is drawn in the frame after next at the latest.
  await page.evaluate(async () => {
    await document.fonts.ready;
    for (let frame = 0; frame < 3; frame++)
      await new Promise((resolve) => requestAnimationFrame(resolve));
  });
  // What lies under an open flow is not seen.
  const isSeen = (page.viewportSize()?.width ?? 0) > 700 || !/flow=/.test(page.url());
  const mask = isSeen ? restless.map((selector) => page.locator(selector)) : [];
  const options = { animations: "disabled", caret: "hide", scale: "css" } as const;
  const shot = await page.screenshot({ ...options, mask, maskColor: "#888888" });
  const path = `${golden}${name}.png`;
  if (process.env.MITMFLOW_GOLDEN === "new") {
    mkdirSync(golden, { recursive: true });
    writeFileSync(path, shot);
    return;
  }
  if (!existsSync(path)) throw new Error(`there is no golden picture ${name}`);
  compare(name, PNG.sync.read(readFileSync(path)), PNG.sync.read(shot));
}

function compare(name: string, wanted: PNG, got: PNG): void {
  const { width, height } = wanted;
  expect([got.width, got.height], `the size of ${name}`).toEqual([width, height]);
  const marked = new PNG({ width, height });
  const count = pixelmatch(wanted.data, got.data, marked.data, width, height, {
    threshold: pixelThreshold,
  });
  const share = count / (width * height);
  const files = [`${failed}${name}.png`, `${failed}${name}.marked.png`] as const;
  for (const file of files) rmSync(file, { force: true });
  if (share > shareAllowed) {
    mkdirSync(failed, { recursive: true });
    writeFileSync(files[0], PNG.sync.write(got));
    writeFileSync(files[1], PNG.sync.write(marked));
  }
  expect(share, `how much of ${name} differs, see ${files[1]}`).toBeLessThanOrEqual(
    shareAllowed,
  );
}
