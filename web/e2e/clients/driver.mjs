// Calls a server as it is told to, with the clients of browsers and of Node.
//
// Each line of standard input is a JSON object: `page`, where the call is made
// in a page of that address in Chromium (without it: in Node), and what
// browser.ts or node.ts take. Each is answered by a line: what the call
// brought. Ends with its input.
import readline from "node:readline";
import { fileURLToPath } from "node:url";
import { build, createServer } from "vite";

const web = fileURLToPath(new URL("../..", import.meta.url));
const vite = { root: web, configFile: false, logLevel: "warn" };

/* browser.ts with all that it imports, as one script that sets `clients`. */
async function bundle() {
  const entry = fileURLToPath(new URL("browser.ts", import.meta.url));
  const lib = { entry, formats: ["iife"], name: "clients" };
  const [{ output }] = await build({ ...vite, build: { lib, write: false } });
  return output[0].code;
}

let browser;
let script;
const pages = new Map();

async function open(address) {
  browser ??= await launch();
  script ??= await bundle();
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  await page.goto(address);
  // The driver's own evaluation is outside of the page's policy.
  await page.evaluate(`${script}; globalThis.clients = clients;`);
  return page;
}

async function callInPage({ page, ...ask }) {
  if (!pages.has(page)) pages.set(page, await open(page));
  return pages.get(page).evaluate((what) => globalThis.clients.call(what), ask);
}

const loader = await createServer({
  ...vite,
  appType: "custom",
  optimizeDeps: { noDiscovery: true },
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
});
const node = await loader.ssrLoadModule("/e2e/clients/node.ts");
const { launch } = await loader.ssrLoadModule("/e2e/harness/browser.ts");

for await (const line of readline.createInterface({ input: process.stdin })) {
  const ask = JSON.parse(line);
  const told = await (ask.page ? callInPage(ask) : node.call(ask));
  console.log(JSON.stringify(told));
}
await browser?.close();
await loader.close();
process.exit(0); // idle HTTP/2 sessions would hold it
