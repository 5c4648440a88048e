import { describe, expect, it } from "vitest";
import { EventType } from "../src/gen/mitmproxy/v1/mitmproxy_pb";
import { body, fields, http, tcp } from "./harness/exporter";
import { Reader } from "./harness/page";
import { Scene } from "./harness/scene";

const scene = new Scene();
const read = (search?: string) => scene.read(search);

const json = (text: string) => ({
  headerFields: fields(["Content-Type", "application/json"]),
  content: body(text),
});

describe("the page", () => {
  it("tells how to begin while nothing is captured, then shows the first flow by itself", async () => {
    const reader = await read();
    await reader.page.getByText("Nothing captured yet").waitFor();
    await reader.page.getByText("curl -x http://127.0.0.1:8080").waitFor();
    await scene.exporter.send(http("http://a.example/first?q=1"));
    await reader.sees("/first?q=1");
    expect(await reader.row("/first").getAttribute("aria-label")).toMatch(
      /^GET a\.example\/first, status 200/,
    );
  });

  it("shows every type of flow, and whether it is over", async () => {
    const reader = await read();
    const open = scene.exporter.open();
    open.push(
      http("http://a.example/pending", {
        response: null,
        event: EventType.REQUESTHEADERS,
      }),
    );
    await reader.sees("/pending");
    expect(await reader.row("/pending").getAttribute("class")).toContain("is-live");
    await scene.exporter.send(
      tcp([[true, "EHLO a"]]),
      http("http://a.example/failed", {
        response: null,
        event: EventType.ERROR,
        more: { error: "connection refused" },
      }),
    );
    await reader.sees("192.0.2.25:25");
    await reader.sees("connection refused");
    expect(await reader.row("192.0.2.25:25").textContent()).toContain("1 message");
    await open.close();
    await reader.page.locator(".row.is-cut", { hasText: "/pending" }).waitFor();
  });

  it("opens a flow by click and by key, and closes it by Esc", async () => {
    await scene.exporter.send(
      http("http://a.example/one", {
        response: { ...json('{"deep":{"a":1}}'), statusCode: 404 },
      }),
      http("http://a.example/two", { response: json('{"second":true}') }),
    );
    const reader = await read();
    await reader.opens("/one");
    await reader.page.getByText('"deep"').waitFor();
    expect(reader.page.url()).toMatch(/\?flow=\d+$/);
    await reader.page.keyboard.press("k");
    await reader.page.getByText('"second"').waitFor();
    await reader.page.keyboard.press("Escape");
    await reader.page.getByRole("tabpanel").waitFor({ state: "detached" });
    await reader.page.keyboard.press("j");
    await reader.page.keyboard.press("Enter");
    await reader.page.getByText('"deep"').waitFor();
    await reader.page.goBack();
    await reader.page.getByRole("tabpanel").waitFor({ state: "detached" });
  });

  it("Back leaves the page once flows are closed, however many were opened", async () => {
    await scene.exporter.send(http("http://a.example/one"), http("http://a.example/two"));
    const page = await scene.context.newPage();
    await page.goto("about:blank");
    await page.goto(`${scene.server.url}/`);
    const reader = new Reader(page);
    for (const path of ["/one", "/two", "/one"]) {
      await reader.opens(path);
      await page.keyboard.press("Escape");
      await page.waitForURL(`${scene.server.url}/`);
      await page.getByRole("tabpanel").waitFor({ state: "detached" });
    }
    // At once: the flow that is opened while another is left stays open.
    await reader.opens("/two");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Enter");
    await page.waitForURL(/flow=/);
    await page.getByRole("tabpanel").waitFor();
    await page.keyboard.press("Escape");
    await page.waitForURL(`${scene.server.url}/`);
    await page.goBack();
    await page.waitForURL("about:blank");
  });

  it("Back undoes a filter that was chosen, not each letter that was typed", async () => {
    await scene.exporter.send(
      http("http://a.example/one"),
      http("http://b.example/two", { method: "POST" }),
    );
    const page = await scene.context.newPage();
    await page.goto("about:blank");
    await page.goto(`${scene.server.url}/`);
    const reader = new Reader(page);
    await reader.sees("/one");
    await reader.filters("example");
    await page.waitForURL(/q=example$/);
    await reader.row("/two").click({ button: "right" });
    await page.getByRole("menuitem", { name: /^Only this host/ }).click();
    await page.waitForURL(/q=.+b.+example/);
    await reader.row("/one").waitFor({ state: "detached" });
    await page.goBack();
    await page.waitForURL(/q=example$/);
    await reader.sees("/one");
    expect(await reader.box.inputValue()).toBe("example");
    await page.goForward();
    await reader.row("/one").waitFor({ state: "detached" });
    await page.goBack();
    await page.goBack();
    await page.waitForURL("about:blank");
  });

  it("a filter that is wrong from the start keeps nothing waiting", async () => {
    await scene.exporter.send(http("http://a.example/one"));
    const reader = await scene.read("?q=~c+5xx+%26+(&flow=1&panel=statistics");
    await reader.page.getByRole("alert").waitFor();
    await reader.page.getByText("The filter finds nothing yet.").waitFor();
    await expect
      .poll(() =>
        reader.page
          .locator("[aria-busy=true]")
          .evaluateAll((all) => all.map((el) => el.outerHTML.slice(0, 80))),
      )
      .toEqual([]);
  });

  it("shows headers as they came, and bodies as text and as hex", async () => {
    await scene.exporter.send(
      http("http://a.example/h", {
        headers: [
          ["X-Twice", "one"],
          ["Host", "a.example"],
          ["X-Twice", "two"],
        ],
        method: "POST",
        content: "hello body",
        response: { content: Uint8Array.of(0, 1, 2, 0xfe, 0x41) },
      }),
    );
    const reader = await read();
    await reader.opens("/h");
    await reader.page.getByText("00 01 02 fe 41").waitFor();
    await reader.tab("Request");
    const names = await reader.panel
      .getByRole("region", { name: "Headers" })
      .locator("dt")
      .allTextContents();
    expect(names).toEqual(["X-Twice", "Host", "X-Twice"]);
    await reader.page.getByText("hello body").waitFor();
    await reader.page.getByRole("button", { name: "Hex" }).click();
    await reader.page.getByText("68 65 6c 6c 6f").waitFor();
  });

  it("a long body is cut, shown whole when asked, and stays where it is read", async () => {
    const items = Array.from({ length: 80_000 }, (_, i) => ({ item: i, word: "filler" }));
    await scene.exporter.send(
      http("http://a.example/long", { response: json(JSON.stringify(items)) }),
    );
    const reader = await read();
    await reader.opens("/long");
    await reader.page.getByText(/The first 2.0 MB of/).waitFor();
    // All of that is laid out.
    await reader.panel.locator(".text-view[aria-busy=false]").waitFor();
    await reader.panel.evaluate((panel) => {
      panel.scrollTop = 300_000;
    });
    const line = reader.panel.locator(".cm-line", { hasText: '"item": 394' }).last();
    await line.waitFor();
    const before = await line.boundingBox();
    await scene.exporter.send(http("http://a.example/while-reading"));
    await reader.sees("/while-reading");
    await reader.page.getByRole("button", { name: "Show all" }).dispatchEvent("click");
    await reader.page.getByText(/The first 2.0 MB of/).waitFor({ state: "detached" });
    await reader.panel.locator(".text-view[aria-busy=false]").waitFor();
    // The editor goes there in its next frame.
    await expect.poll(() => line.boundingBox()).toEqual(before);
    // Heights of lines that were never drawn are estimates: the end moves.
    const end = reader.panel.getByText("79999");
    await expect
      .poll(async () => {
        await reader.panel.evaluate((panel) => {
          panel.scrollTop = panel.scrollHeight;
        });
        return end.count();
      })
      .toBeGreaterThan(0);
  });

  it("shows a conversation message by message, and goes on while it grows", async () => {
    const reader = await read();
    const open = scene.exporter.open();
    const flow = (...texts: string[]) =>
      http("http://a.example/chat", {
        event: EventType.WEBSOCKET_MESSAGE,
        response: { statusCode: 101, reason: "Switching Protocols" },
        more: {
          id: "the-chat",
          isWebsocket: true,
          websocketMessages: texts.map((text, index) => ({
            content: body(text),
            fromClient: index % 2 === 0,
            opcode: 1,
          })),
        } as object,
      });
    open.push(flow("ping 1", "pong 1"));
    await reader.opens("/chat");
    await reader.panel.getByText("pong 1").waitFor();
    open.push(flow("ping 1", "pong 1", "ping 2"));
    await reader.panel.getByText("ping 2").waitFor();
    await open.close();
  });

  it("finds flows by any text in them, in the whole store", async () => {
    const many = Array.from({ length: 600 }, (_, i) =>
      http(`http://a.example/page/${i}`),
    );
    const needle = http("http://a.example/old", {
      response: json('{"k":"a needle here"}'),
    });
    await scene.exporter.send(needle, ...many);
    const reader = await read();
    await reader.sees("/page/599");
    await reader.filters("NEEDLE");
    await reader.sees("/old");
    expect(await reader.row("a.example").count()).toBe(1);
    await reader.page.getByText("1 of 601 flows").waitFor();
    expect(new URL(reader.page.url()).searchParams.get("q")).toBe("NEEDLE");
    await scene.exporter.send(
      http("http://a.example/new-needle"),
      http("http://a.example/other"),
    );
    await reader.sees("/new-needle");
    expect(await reader.row("/other").count()).toBe(0);
    await reader.filters("no such text");
    await reader.page.getByText("No flow matches").waitFor();
    await reader.filters("");
    await reader.sees("/other");
  });

  it("takes mitmproxy's filters, for what was kept and for what comes", async () => {
    await scene.exporter.send(
      http("http://a.example/get"),
      http("http://a.example/post", { method: "POST", response: { statusCode: 503 } }),
    );
    const reader = await read();
    await reader.filters("~m POST & ~c 503");
    await reader.row("/get").waitFor({ state: "detached" });
    await reader.sees("/post");
    await scene.exporter.send(
      http("http://a.example/second", { method: "POST", response: { statusCode: 503 } }),
      http("http://a.example/fine", { method: "POST" }),
    );
    await reader.sees("/second");
    expect(await reader.row("/fine").count()).toBe(0);
  });

  it("marks where a filter is wrong, and goes on with the list of the one before", async () => {
    const post = (name: string) => http(`http://a.example/${name}`, { method: "POST" });
    await scene.exporter.send(http("http://a.example/get"), post("one"));
    const reader = await read("?q=~m+POST");
    await reader.sees("/one");
    await reader.filters("gr\u00fcn & ~nope x");
    const fault = reader.page.getByRole("alert");
    await fault.waitFor();
    expect(await fault.locator("mark").textContent()).toBe("~nope");
    await reader.sees("/one");
    await scene.exporter.send(post("two"));
    await reader.sees("/two");
    expect(await reader.row("/get").count()).toBe(0);
    await reader.filters("~m GET");
    await fault.waitFor({ state: "detached" });
    await reader.sees("/get");
    await reader.row("/two").waitFor({ state: "detached" });
  });

  it("says so when a link has a filter that is wrong", async () => {
    await scene.exporter.send(http("http://a.example/x"));
    const reader = await read("?q=~nope");
    await reader.page.getByText("The filter is not understood").waitFor();
    await reader.filters("");
    await reader.sees("/x");
  });

  it("tells how many flows the limits have made the server let go of", async () => {
    await scene.server.kill();
    await scene.server.start("--max-flows", "5");
    for (let i = 0; i < 12; i++)
      await scene.exporter.send(http(`http://a.example/n${i}`));
    const reader = await read();
    await reader.sees("/n11");
    await reader.page.getByText("7 older flows were let go by the limits").waitFor();
    await reader.page.locator(".count", { hasText: "5 flows" }).waitFor();
  });

  it("opens what a link names: the filter and the flow", async () => {
    await scene.exporter.send(
      http("http://a.example/linked", { response: json('{"found":1}') }),
    );
    await scene.exporter.send(http("http://b.example/other"));
    const first = await read("?q=linked");
    await first.opens("/linked");
    const second = await read(new URL(first.page.url()).search);
    await second.page.getByText('"found"').waitFor();
    expect(await second.row("/other").count()).toBe(0);
  });

  it("pins and unpins by key, in all tabs and for good", async () => {
    await scene.exporter.send(http("http://a.example/pin-me"));
    const [second, first] = [await read(), await read()];
    await first.opens("/pin-me");
    await first.page.keyboard.press("p");
    await first.page.getByRole("button", { name: "Pinned" }).waitFor();
    await second.row("/pin-me").getByRole("img", { name: "pinned" }).waitFor();
    await scene.server.kill("SIGKILL");
    await scene.server.start();
    const third = await read();
    await third.row("/pin-me").getByRole("img", { name: "pinned" }).waitFor();
    await first.isLive();
    await first.page.bringToFront();
    await first.page.keyboard.press("p");
    await first.page.getByRole("button", { name: "Pin", exact: true }).waitFor();
    await third
      .row("/pin-me")
      .getByRole("img", { name: "pinned" })
      .waitFor({ state: "detached" });
  });

  it("keeps a note, and shows it as Markdown without anything live", async () => {
    await scene.exporter.send(http("http://a.example/note-me"));
    const reader = await read();
    await reader.opens("/note-me");
    await reader.page.keyboard.press("n");
    const note = "first line\n<b>not bold</b> [x](http://evil.example/)";
    await reader.page.getByRole("textbox", { name: "Note" }).fill(note);
    await reader.page.getByRole("button", { name: "Save" }).click();
    await reader.row("/note-me").getByRole("img", { name: "has a note" }).waitFor();
    const other = await read();
    await other.opens("/note-me");
    await other.tab("Note");
    await other.panel.getByText("<b>not bold</b>").waitFor();
    await other.panel.getByText("http://evil.example/").waitFor();
    expect(await other.panel.locator("a, b").count()).toBe(0);
    await other.panel.getByRole("button", { name: "Edit" }).click();
    const field = other.page.getByRole("textbox", { name: "Note" });
    expect(await field.inputValue()).toBe(note);
  });

  it("deletes a flow only when asked twice, and for every reader", async () => {
    await scene.exporter.send(
      http("http://a.example/keep"),
      http("http://a.example/lose"),
    );
    const [second, first] = [await read(), await read()];
    await first.opens("/lose");
    await first.page.getByRole("button", { name: "Delete" }).click();
    await first.page.getByRole("button", { name: "Keep it" }).click();
    await first.sees("/lose");
    await first.page.getByRole("button", { name: "Delete" }).click();
    await first.page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    for (const reader of [first, second]) {
      await reader.row("/lose").waitFor({ state: "detached" });
      await reader.sees("/keep");
    }
  });

  it("says that the open flow was deleted, and keeps it in sight", async () => {
    await scene.exporter.send(
      http("http://a.example/keep"),
      http("http://a.example/lose", { response: json('{"still":"here"}') }),
    );
    const [first, second] = [await read(), await read()];
    for (const reader of [first, second]) await reader.opens("/lose");
    await first.page.getByRole("button", { name: "Delete" }).click();
    await first.page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    const alert = second.page.getByRole("alert");
    await alert.getByText("no longer kept").waitFor();
    await second.panel.getByText('"still"').waitFor();
    expect(await second.page.getByRole("button", { name: "Pin" }).isDisabled()).toBe(
      true,
    );
    await second.page.reload();
    await alert.getByText("is not kept here").waitFor();
    await alert.getByRole("button", { name: "Show all flows" }).click();
    await second.page.getByRole("tabpanel").waitFor({ state: "detached" });
    await second.sees("/keep");
  });

  it("keeps the row that is read in place while new flows come, and tells of them", async () => {
    await scene.exporter.send(
      ...Array.from({ length: 100 }, (_, i) => http(`http://a.example/n${i}x`)),
    );
    const reader = await read();
    await reader.opens("/n97x");
    const before = await reader.row("/n97x").boundingBox();
    await scene.exporter.send(
      ...Array.from({ length: 7 }, (_, i) => http(`http://b.example/${i}`)),
    );
    await reader.page.getByRole("button", { name: "7 new" }).waitFor();
    expect(await reader.row("/n97x").boundingBox()).toEqual(before);
    await reader.page.getByRole("button", { name: "7 new" }).click();
    await reader.sees("b.example/6");
  });

  it("follows the end when the oldest come first", async () => {
    await scene.exporter.send(
      ...Array.from({ length: 100 }, (_, i) => http(`http://a.example/n${i}x`)),
    );
    const reader = await read();
    await reader.page
      .locator("[role=columnheader]")
      .getByRole("button", { name: /^Time/ })
      .click();
    await reader.sees("/n99x");
    await scene.exporter.send(http("http://a.example/at-the-end"));
    await reader.sees("/at-the-end");
    const [row, grid] = [reader.row("/at-the-end"), reader.page.getByRole("grid")];
    const [rowBox, gridBox] = [await row.boundingBox(), await grid.boundingBox()];
    expect(
      rowBox && gridBox && rowBox.y + rowBox.height <= gridBox.y + gridBox.height + 1,
    ).toBe(true);
  });

  it("leaves the browser its own keys", async () => {
    await scene.exporter.send(http("http://a.example/x"));
    const reader = await read();
    await reader.sees("/x");
    await reader.page.evaluate(() => {
      const taken: string[] = [];
      Object.assign(globalThis, { taken });
      addEventListener("keydown", (e) => e.defaultPrevented && taken.push(e.key));
    });
    await reader.page.keyboard.press("Control+p");
    await reader.page.keyboard.press("Control+f");
    await reader.page.keyboard.press("Meta+k");
    await reader.page.keyboard.press("Alt+n");
    await reader.page.keyboard.press("j");
    await reader.page.keyboard.press("Tab");
    expect(
      await reader.page.evaluate(() => (globalThis as { taken?: string[] }).taken),
    ).toEqual(["j"]);
  });

  it("works on a phone: the list, then one flow over it", async () => {
    await scene.exporter.send(
      http("http://a.example/on-a-phone", { response: json('{"small":1}') }),
    );
    const reader = await read();
    await reader.page.setViewportSize({ width: 390, height: 844 });
    await reader.opens("/on-a-phone");
    await reader.page.getByText('"small"').waitFor();
    const box = await reader.page.locator(".detail").boundingBox();
    expect(box).toEqual({ x: 0, y: 0, width: 390, height: 844 });
    const overflow = await reader.page.evaluate(
      () => document.documentElement.scrollWidth,
    );
    expect(overflow).toBe(390);
    await reader.page.getByRole("button", { name: "Close the flow" }).click();
    await reader.sees("/on-a-phone");
  });
});
