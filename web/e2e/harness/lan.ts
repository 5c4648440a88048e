import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Child } from "./child";
import { binary } from "./server";

const address = "192.0.2.10";
const port = 8081;

// Who is not root is that of a user namespace.
const isRoot = process.getuid?.() === 0;

const enter = `
ip link set lo up && ip addr add ${address}/32 dev lo && exec "$@"
`;

/*
 * A server on an address that is not loopback, in a network namespace of its
 * own, and the way into it for a browser. The exporter comes by a socket file.
 */
export class Lan {
  readonly url = `http://${address}:${port}`;
  private child: Child | null = null;
  private readonly folder = mkdtempSync(join(tmpdir(), "mitmflow-lan-"));
  private readonly socket = join(this.folder, "socket");

  /* Resolves once the server answers. */
  async start(): Promise<void> {
    const flags = ["--addr", `${address}:${port}`, "--addr", `unix:${this.socket}`];
    const command = [binary(), ...flags, "--insecure", "--data-dir", this.folder];
    const args = [isRoot ? "-n" : "-rn", "sh", "-c", enter, "sh", ...command];
    this.child = await Child.start("unshare", args, () => this.answers());
  }

  private answers(): Promise<boolean> {
    return new Promise((resolve) => {
      get({ socketPath: this.socket, path: "/healthz" }, (answer) => {
        answer.resume();
        resolve(answer.statusCode === 200);
      }).on("error", () => resolve(false));
    });
  }

  /* A program that runs `program` in the namespace. */
  wrapped(program: string): string {
    const path = join(this.folder, "enter");
    const flags = isRoot ? "-n" : "--preserve-credentials -U -n";
    const into = `nsenter -t ${this.child?.pid} ${flags}`;
    writeFileSync(path, `#!/bin/sh\nexec ${into} ${program} "$@"\n`);
    chmodSync(path, 0o755);
    return path;
  }

  readonly connect = () => connect(this.socket);

  async remove(): Promise<void> {
    await this.child?.end();
    rmSync(this.folder, { recursive: true });
  }
}
