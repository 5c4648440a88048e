import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { body, fields, http } from "./harness/exporter";
import type { Reader } from "./harness/page";
import { Scene } from "./harness/scene";

const scene = new Scene();

const answered = (type: string, content: Uint8Array, more: [string, string][] = []) => ({
  response: { headerFields: fields(["Content-Type", type], ...more), content },
});

/* Each tab is looked at, then the flow is closed by its key: all is answered. */
async function readsThrough(reader: Reader, path: string): Promise<void> {
  await reader.opens(path);
  for (const tab of ["Overview", "Request", "Response"]) {
    await reader.tab(tab);
    await reader.page.locator(".panel:not(:has([aria-busy=true]))").waitFor();
  }
  await reader.page.keyboard.press("Escape");
  await reader.panel.waitFor({ state: "detached" });
  await reader.sees(path);
  expect(await scene.guard.ran(reader.page)).toBe(false);
}

describe("what is too much for a page", () => {
  it("a header of 1 MB", async () => {
    const value = "v".repeat(1_000_000);
    await scene.exporter.send(
      http("http://a.example/wide", {
        headers: [["X-Wide", value]],
        ...answered("text/plain", body("ok"), [["X-Wide", value]]),
      }),
    );
    await readsThrough(await scene.read(), "/wide");
  });

  it("10,000 headers", async () => {
    const many = Array.from({ length: 10_000 }, (_, i): [string, string] => [
      `X-Header-${i}`,
      `value ${i}`,
    ]);
    await scene.exporter.send(
      http("http://a.example/many", {
        headers: many,
        ...answered("text/plain", body("ok"), many),
      }),
    );
    await readsThrough(await scene.read(), "/many");
  });

  it("50 MB of JSON in one line", async () => {
    const item = '{"id":1,"name":"quokka","tags":["a","b"]},';
    const text = `{"items":[${item.repeat(50_000_000 / item.length)}null]}`;
    await scene.exporter.send(
      http("http://a.example/long", answered("application/json", body(text))),
    );
    await readsThrough(await scene.read(), "/long");
  });

  it("a body of 1 GB in 1 MB of gzip", async () => {
    const part = gzipSync(new Uint8Array(64 << 20), { level: 9 });
    // Members of gzip may follow each other (RFC 1952, section 2.2).
    const bomb = Buffer.concat(Array.from({ length: 16 }, () => part));
    const headers = fields(
      ["Content-Type", "application/json"],
      ["Content-Encoding", "gzip"],
    );
    await scene.exporter.send(
      http("http://a.example/bomb", {
        response: { headerFields: headers, rawContent: bomb },
      }),
    );
    await readsThrough(await scene.read(), "/bomb");
  });

  it("NUL bytes, lone surrogates and directions", async () => {
    const odd = new Uint8Array([
      ...body('{"a":"'),
      ...[0, 0xed, 0xa0, 0x80, 0xff, 0xfe],
      ...body("\u202e\u2066\ufeff\u0000"),
      ...body('\\ud800"}'),
    ]);
    await scene.exporter.send(
      http("http://a.example/odd", answered("application/json", odd)),
    );
    await readsThrough(await scene.read(), "/odd");
  });
});
