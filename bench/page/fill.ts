import { spawn } from "node:child_process";

/* Made-up flows of 3.2 KB, by the sender of bench/flows. */
export function sender(build: string, port: number, ...options: (string | number)[]) {
  const args = ["send", port, ...options].map(String);
  const child = spawn(`${build}/bench/flows/bench-flows`, args, { stdio: "ignore" });
  const ended = new Promise<void>((resolve, reject) => {
    child.on("exit", (code) =>
      code === 0 ? resolve() : reject(new Error(`bench-flows ended with ${code}`)),
    );
  });
  return { ended };
}

/* A JSON text of about `bytes`, many lines once it is made pretty. */
export function jsonOf(bytes: number): string {
  const items: unknown[] = [];
  for (let size = 0, i = 0; size < bytes; i++) {
    const item = {
      id: i,
      name: `item ${i}`,
      tags: ["a", "b"],
      deep: { ok: true, n: i / 7 },
    };
    items.push(item);
    size += JSON.stringify(item).length + 1;
  }
  return JSON.stringify({ items, last: "the-very-end" });
}
