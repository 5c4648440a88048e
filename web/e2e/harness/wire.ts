import { connect, createServer, type Server as NetServer } from "node:net";

/* Passes bytes between a browser and a server, and counts those that come back. */
export class Wire {
  private constructor(
    private readonly listener: NetServer,
    readonly counted: { down: number },
    readonly url: string,
  ) {}

  static async to(port: number): Promise<Wire> {
    const counted = { down: 0 };
    const listener = createServer((browser) => {
      const server = connect(port, "127.0.0.1");
      server.on("data", (bytes) => {
        counted.down += bytes.length;
      });
      browser.pipe(server);
      server.pipe(browser);
      browser.on("error", () => server.destroy());
      server.on("error", () => browser.destroy());
      browser.on("close", () => server.destroy());
    });
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    const address = listener.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return new Wire(listener, counted, `http://127.0.0.1:${address.port}`);
  }

  close(): void {
    this.listener.close();
  }
}
