import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, Server } from "../../web/e2e/harness/server";
import type { Browser } from "../../web/node_modules/playwright-core";
import { sender } from "./fill";
import type { Look } from "./probe";
import { ours, Tab } from "./tab";
import { row, title } from "./table";

const flows = 500;
const tries = 5;
const theirs: Look = {
  rows: ".flow-table tbody tr td",
  watched: ".flow-table",
  cursor: "class",
};

interface Figures {
  code: number;
  first: number;
}

async function measure(browser: Browser, url: string, look: Look): Promise<Figures> {
  const first: number[] = [];
  let code = 0;
  for (let i = 0; i < tries; i++) {
    const tab = await Tab.open(browser, url, look);
    first.push(await tab.firstRow());
    code = [...tab.wire]
      .filter(([address]) => /\.(js|css)$/.test(new URL(address).pathname))
      .reduce((sum, [, bytes]) => sum + bytes, 0);
    await tab.close();
  }
  return { code, first: first.sort((a, b) => a - b)[tries >> 1] ?? Number.NaN };
}

async function answers(url: string): Promise<void> {
  for (;;) {
    try {
      await fetch(url);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/* The same flows in both pages, one after the other. */
export async function mitmweb(browser: Browser, build: string): Promise<void> {
  const program = process.env.MITMWEB;
  if (!program) return row("mitmweb", "not measured: MITMWEB names none");
  title(`beside mitmweb, ${flows} flows`);
  const folder = mkdtempSync(join(tmpdir(), "mitmflow-bench-"));
  const file = join(folder, "flows.mitm");
  const server = await Server.start();
  await sender(build, server.port, "--flows", flows).ended;
  execFileSync(`${build}/mitmflow`, [
    ...["export", "--server", server.url, "--format", "mitm", "-o", file],
  ]);
  const port = await freePort();
  const child = spawn(
    program,
    [
      ...["--no-web-open-browser", "--no-server", "--web-port", String(port)],
      ...["--set", "web_password=secret", "-r", file],
    ],
    { stdio: "ignore", env: { ...process.env, HOME: folder } },
  );
  try {
    const url = `http://127.0.0.1:${port}/?token=secret`;
    await answers(url);
    const them = await measure(browser, url, theirs);
    const us = await measure(browser, server.url, ours);
    const ratio = (name: keyof Figures) => `${(us[name] / them[name]).toFixed(2)} of it`;
    row("code", ratio("code"), `${(them.code / 1000).toFixed(0)} kB`);
    row("first rows are painted", ratio("first"), `${them.first.toFixed(0)} ms`);
  } finally {
    child.kill();
    await server.remove();
    rmSync(folder, { recursive: true });
  }
}
