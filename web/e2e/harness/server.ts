import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Child } from "./child";

export function binary(): string {
  const path = process.env.MITMFLOW_TEST_SERVER;
  if (!path)
    throw new Error("MITMFLOW_TEST_SERVER must name the mitmflow binary to test");
  return path;
}

// Above 10080, the last of those that no browser asks (Fetch, "bad port").
const firstPort = 10_100;
const portCount = 9_900;

/* One below what the system hands out by itself: nobody is given it until it
 * is taken. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = firstPort + Math.floor(Math.random() * portCount);
    const probe = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      probe.once("error", () => resolve(false));
      probe.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => probe.close(resolve));
    return port;
  }
}

// An answer that takes longer is asked for anew.
const answerMs = 5000;

/* The real server, on a port and in a data directory of its own. */
export class Server {
  private child: Child | null = null;

  private constructor(
    readonly port: number,
    readonly dataDir: string,
  ) {}

  static async start(): Promise<Server> {
    const server = new Server(
      await freePort(),
      mkdtempSync(join(tmpdir(), "mitmflow-e2e-")),
    );
    await server.start();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(...flags: string[]): Promise<void> {
    const args = ["--addr", `127.0.0.1:${this.port}`, "--data-dir", this.dataDir];
    this.child = await Child.start(binary(), [...args, ...flags], () => this.answers());
  }

  private async answers(): Promise<boolean> {
    try {
      const signal = AbortSignal.timeout(answerMs);
      return (await fetch(`${this.url}/healthz`, { signal })).ok;
    } catch {
      return false;
    }
  }

  /* Ends it as a crash or as a request would, and waits until it is gone. */
  async kill(signal: "SIGKILL" | "SIGTERM" = "SIGTERM"): Promise<void> {
    const { child } = this;
    this.child = null;
    await child?.end(signal);
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.dataDir, { recursive: true });
  }
}
