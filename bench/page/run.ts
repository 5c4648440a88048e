/*
 * The page in Chromium before the real server, measured from outside.
 *
 *   npm --prefix web run --silent bench -- BUILD [--kept N] [--only WORD,...]
 *
 * --kept is how many flows the large store has (100,000; the goals are for
 * 1,000,000). MITMWEB names a mitmweb to be measured in the same run.
 */
import { parseArgs } from "node:util";
import { launch } from "../../web/e2e/harness/browser";
import { Server } from "../../web/e2e/harness/server";
import { bodies } from "./bodies";
import { sender } from "./fill";
import { live } from "./live";
import { code, firstRows, rowBytes } from "./load";
import { lookThrough, typeFilters } from "./look";
import { mitmweb } from "./mitmweb";
import { end, title } from "./table";

const { values, positionals } = parseArgs({
  args: process.argv.slice(2).filter((word) => word !== "--"),
  options: { kept: { type: "string", default: "100000" }, only: { type: "string" } },
  allowPositionals: true,
});
const [build] = positionals;
if (!build) throw new Error("which build folder?");
process.env.MITMFLOW_TEST_SERVER = `${build}/mitmflow`;
const only = values.only?.split(",");
const wanted = (name: string) => !only || only.includes(name);

const kept = Number(values.kept);
const browser = await launch();

async function withStore(flows: number, measure: (server: Server) => Promise<void>) {
  const server = await Server.start();
  try {
    // A day of flows that ends now.
    await sender(build ?? "", server.port, "--flows", flows, "--span", 86400).ended;
    await measure(server);
  } finally {
    await server.remove();
  }
}

try {
  await withStore(500, async (server) => {
    title("500 flows stored");
    if (wanted("code")) await code(browser, server);
    if (wanted("rows")) await rowBytes(browser, server);
    if (wanted("first")) await firstRows(browser, server, 400);
    if (wanted("live")) await live(browser, server, build);
  });
  await withStore(kept, async (server) => {
    title(`${kept.toLocaleString("en")} flows stored`);
    if (wanted("first")) await firstRows(browser, server, 500);
    if (wanted("filter")) await typeFilters(browser, server);
    if (wanted("scroll")) await lookThrough(browser, server);
    if (wanted("bodies")) await bodies(browser, server);
  });
  if (wanted("mitmweb")) await mitmweb(browser, build);
} finally {
  await browser.close();
}
end();
