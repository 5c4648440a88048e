import { body, Exporter, fields, http } from "../../web/e2e/harness/exporter";
import type { Server } from "../../web/e2e/harness/server";
import type { Browser } from "../../web/node_modules/playwright-core";
import { jsonOf } from "./fill";
import { Tab } from "./tab";
import { times } from "./table";

const small = 20;

function json(path: string, text: string) {
  return http(`http://bodies.example/${path}`, {
    response: {
      headerFields: fields(["Content-Type", "application/json"]),
      content: body(text),
    },
  });
}

declare global {
  interface Window {
    readable: Promise<number>;
  }
}

/* From a click or a key to a text of the body, painted. */
async function readable(tab: Tab, text: string, act: () => Promise<void>) {
  // It listens before anything is done.
  await tab.page.evaluate((needle) => {
    const hasText = (root: Element | ShadowRoot): boolean => {
      for (const element of root.querySelectorAll("*"))
        if (element.shadowRoot && hasText(element.shadowRoot)) return true;
      return root.textContent?.includes(needle) ?? false;
    };
    window.readable = new Promise((resolve) => {
      const acted = ({ timeStamp }: Event) => {
        const look = () => {
          const panel = document.querySelector("[role=tabpanel]");
          if (panel && hasText(panel))
            setTimeout(() => resolve(performance.now() - timeStamp));
          else requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
        for (const name of ["click", "keydown"]) removeEventListener(name, acted, true);
      };
      for (const name of ["click", "keydown"]) addEventListener(name, acted, true);
    });
  }, text);
  await act();
  return tab.page.evaluate(() => window.readable);
}

async function open(tab: Tab, path: string, text: string): Promise<number> {
  const row = tab.page.locator("[role=row][data-number]", { hasText: path }).first();
  await row.waitFor();
  return readable(tab, text, () => row.click());
}

export async function bodies(browser: Browser, server: Server): Promise<void> {
  const exporter = new Exporter(server.url);
  const flows = Array.from({ length: small }, (_, i) =>
    json(`small-${i}-`, JSON.stringify({ here: `the body of ${i}.`, list: [1, 2, 3] })),
  );
  const large = jsonOf(1_200_000);
  await exporter.send(...flows, json("large-", large));
  const tab = await Tab.open(browser, server.url);
  await tab.firstRow();
  await tab.stable(500);
  const taken: number[] = [];
  for (let i = 0; i < small; i++) {
    // None is beside the one before it, which is got ahead.
    const which = (i * 7 + 3) % small;
    taken.push(await open(tab, `small-${which}-`, `the body of ${which}.`));
  }
  // The first one brings what only an open flow needs.
  times("a flow is open, its body readable", taken.slice(1), 50);
  times("  the first of them", taken.slice(0, 1));
  const byKey: number[] = [];
  await open(tab, `small-${small - 1}-`, `the body of ${small - 1}.`);
  for (let i = small - 2; i > 0; i--) {
    const press = () => tab.page.keyboard.press("j");
    byKey.push(await readable(tab, `the body of ${i}.`, press));
    // A reader looks at it.
    await tab.stable(100);
  }
  times("  the next one, by key", byKey.slice(1), 50);
  await tab.longTasks();
  times("a JSON body of 1.2 MB is open", [await open(tab, "large-", '"item 0"')], 100);
  // Its end is laid out, too.
  await tab.page.locator(".text-view[aria-busy=false]").waitFor();
  times("  longest task", [Math.max(0, ...(await tab.longTasks()))], 50);
  await tab.close();
}
