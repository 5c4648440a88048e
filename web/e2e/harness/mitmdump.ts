import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, request, type Server } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "./server";

const exporter = fileURLToPath(
  new URL("../../../build/exporter/mitmflow_exporter.py", import.meta.url),
);

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("close", () => socket.destroy());
  });
}

/* A real mitmdump with the exporter, and an origin server behind it. */
export class Mitmdump {
  private log = "";

  private constructor(
    private readonly child: ChildProcess,
    private readonly confdir: string,
    private readonly port: number,
    private readonly origin: Server,
  ) {
    const note = (text: Buffer) => {
      this.log += text.toString();
    };
    child.stdout?.on("data", note);
    child.stderr?.on("data", note);
  }

  static async start(server: string): Promise<Mitmdump> {
    const [port, originPort] = [await freePort(), await freePort()];
    const origin = createServer((incoming, answer) => {
      answer.setHeader("Content-Type", "application/json");
      answer.end(JSON.stringify({ asked: incoming.url, answer: "from the origin" }));
    });
    await new Promise<void>((resolve) => origin.listen(originPort, "127.0.0.1", resolve));
    const confdir = mkdtempSync(join(tmpdir(), "mitmflow-e2e-proxy-"));
    const args = ["--listen-host", "127.0.0.1", "-p", String(port), "-s", exporter];
    for (const set of [`confdir=${confdir}`, `grpc_addr=${server}`, "flow_detail=0"]) {
      args.push("--set", set);
    }
    // What it keeps of its own stays in the test's folder.
    const env = { ...process.env, HOME: confdir };
    const child = spawn("mitmdump", args, { stdio: ["ignore", "pipe", "pipe"], env });
    const proxy = new Mitmdump(child, confdir, port, origin);
    let failed = "";
    child.once("error", (error) => {
      failed = String(error);
    });
    while (!(await listens(port))) {
      if (failed || child.exitCode !== null)
        throw new Error(`mitmdump: ${failed}${proxy.log}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return proxy;
  }

  get originUrl(): string {
    const address = this.origin.address();
    return typeof address === "object" && address
      ? `http://127.0.0.1:${address.port}`
      : "";
  }

  /* One request to the origin through the proxy; resolves with its body. */
  get(path: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const url = this.originUrl + path;
      const headers = { Host: new URL(url).host, "X-Chain": "whole" };
      const options = { host: "127.0.0.1", port: this.port, path: url, headers };
      request(options, async (answer) => {
        let text = "";
        for await (const part of answer) text += part;
        resolve(text);
      })
        .on("error", reject)
        .end();
    });
  }

  async stop(): Promise<void> {
    this.origin.close();
    this.origin.closeAllConnections();
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const ended = new Promise((resolve) => this.child.once("exit", resolve));
      this.child.kill("SIGTERM");
      await ended;
    }
    rmSync(this.confdir, { recursive: true });
  }
}
