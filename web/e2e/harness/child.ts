import { type ChildProcess, spawn } from "node:child_process";

const againMs = 20;
const patienceMs = 45_000;

/* A server process, whose log is told where it does not come up. */
export class Child {
  private log = "";

  private constructor(private readonly process: ChildProcess) {
    process.stderr?.on("data", (text: Buffer) => {
      this.log += text.toString();
    });
  }

  /* Resolves once it answers. */
  static async start(
    program: string,
    args: string[],
    answers: () => Promise<boolean>,
  ): Promise<Child> {
    const child = new Child(
      spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] }),
    );
    const until = Date.now() + patienceMs;
    while (!(await answers())) {
      if (child.isOver) throw new Error(`the server ended:\n${child.log}`);
      if (Date.now() > until) {
        await child.end("SIGKILL");
        throw new Error(`the server does not answer:\n${child.log}`);
      }
      await new Promise((resolve) => setTimeout(resolve, againMs));
    }
    return child;
  }

  private get isOver(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  /* Ends it, and resolves when it is gone. */
  async end(signal: "SIGKILL" | "SIGTERM" = "SIGTERM"): Promise<void> {
    if (this.isOver) return;
    const { process } = this;
    const ended = new Promise((resolve) => process.once("exit", resolve));
    process.kill(signal);
    await ended;
  }
}
