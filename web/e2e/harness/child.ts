import { type ChildProcess, spawn } from "node:child_process";

const againMs = 20;

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
    while (!(await answers())) {
      if (child.process.exitCode !== null)
        throw new Error(`the server ended:\n${child.log}`);
      await new Promise((resolve) => setTimeout(resolve, againMs));
    }
    return child;
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  /* Ends it, and resolves when it is gone. */
  async end(signal: "SIGKILL" | "SIGTERM" = "SIGTERM"): Promise<void> {
    const { process } = this;
    if (process.exitCode !== null || process.signalCode !== null) return;
    const ended = new Promise((resolve) => process.once("exit", resolve));
    process.kill(signal);
    await ended;
  }
}
