import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { EventType } from "../src/gen/mitmproxy/v1/mitmproxy_pb";
import { body, connection, fields, http } from "./harness/exporter";
import { Keys } from "./harness/keys";
import { Scene } from "./harness/scene";

const scene = new Scene();

describe("detail", () => {
  it("resizable pane to the right or below, kept for the next visit", async () => {
    await scene.exporter.send(http("http://a.example/one"));
    const reader = await scene.read();
    await reader.opens("/one");
    const width = () => reader.panel.evaluate((panel) => panel.clientWidth);
    const before = await width();
    await reader.page.getByRole("separator", { name: /pane/ }).focus();
    await reader.page.keyboard.press("ArrowLeft");
    await expect.poll(width).toBe(before + 24);
    await reader.page.getByRole("button", { name: "Show the flow below" }).click();
    await expect.poll(width).toBeGreaterThan(1300);
    const again = await scene.read();
    await again.opens("/one");
    expect(await again.panel.evaluate((panel) => panel.clientWidth)).toBeGreaterThan(
      1300,
    );
  });

  it("request and response side by side where wide enough", async () => {
    await scene.exporter.send(
      http("http://a.example/both", {
        method: "POST",
        content: "what was asked",
        response: { content: body("what was answered") },
      }),
    );
    const reader = await scene.read();
    await reader.opens("/both");
    await reader.page.getByRole("button", { name: "Show the flow below" }).click();
    await reader.tab("Request and response");
    await reader.panel.getByText("what was asked").waitFor();
    await reader.panel.getByText("what was answered").waitFor();
  });

  it("the last tab is remembered, and is in the link", async () => {
    await scene.exporter.send(http("http://a.example/one"), http("http://a.example/two"));
    const reader = await scene.read();
    await reader.opens("/one");
    await reader.tab("Timing");
    expect(reader.page.url()).toContain("tab=timing");
    await reader.opens("/two");
    await reader.page.getByRole("tab", { name: "Timing", selected: true }).waitFor();
    const other = await scene.read(new URL(reader.page.url()).search);
    await other.page.getByRole("tab", { name: "Timing", selected: true }).waitFor();
    const later = await scene.read();
    await later.opens("/one");
    await later.page.getByRole("tab", { name: "Timing", selected: true }).waitFor();
  });

  it("falls to the error when there is no response", async () => {
    const failed = { error: "connection refused" } as object;
    await scene.exporter.send(
      http("http://a.example/failed", { response: null, more: failed }),
    );
    const reader = await scene.read();
    await reader.opens("/failed");
    await reader.page.getByRole("tab", { name: "Overview", selected: true }).waitFor();
    await reader.panel.getByText("connection refused").waitFor();
  });

  it("why there is no response, or no message, is told where one would be", async () => {
    const failed = { error: "connection refused" } as object;
    await scene.exporter.send(
      http("http://a.example/failed", { response: null, more: failed }),
      connection(EventType.TLS_FAILED_CLIENT, "client-1", {
        error: "unknown authority",
        more: { sni: "tls.example" },
      }),
    );
    const reader = await scene.read();
    await reader.opens("tls.example");
    await reader.page.getByRole("tab", { name: "Overview", selected: true }).waitFor();
    await reader.panel.getByText("unknown authority").waitFor();
    await reader.opens("/failed");
    await reader.tab("Response");
    await reader.panel.getByText("There is no response: connection refused").waitFor();
    await reader.page.keyboard.press("ArrowRight");
    await reader.page.getByRole("tab", { name: "Timing", selected: true }).waitFor();
  });

  it("it refreshes while the flow is live", async () => {
    const reader = await scene.read();
    const open = scene.exporter.open();
    const id = { id: "grows" } as object;
    const begun = { event: EventType.REQUEST, response: null, more: id };
    open.push(http("http://a.example/grows", begun));
    await reader.opens("/grows");
    await reader.tab("Response");
    open.push(
      http("http://a.example/grows", { more: id, response: { content: body("here") } }),
    );
    await reader.tab("Response");
    await reader.panel.getByText("here", { exact: true }).waitFor();
    await open.close();
  });

  it("header values explained in words; a status too", async () => {
    await scene.exporter.send(
      http("http://a.example/words", {
        response: {
          statusCode: 429,
          headerFields: fields(
            ["Cache-Control", "no-store"],
            ["Retry-After", "120"],
            ["X-Other", "no-store"],
          ),
        },
      }),
    );
    const reader = await scene.read();
    await reader.opens("/words");
    await reader.tab("Response");
    await reader.panel.getByText("is never kept").waitFor();
    await reader.panel.getByText("try again after 2 m 00 s").waitFor();
    expect(await reader.panel.getByText("is never kept").count()).toBe(1);
    await reader.page.getByRole("button", { name: "Show the flow below" }).click();
    await reader.page.getByText("too many requests").waitFor();
  });

  it("a URL taken apart", async () => {
    await scene.exporter.send(http("https://a.example:8443/x?q=%C3%A9&r=1#f"));
    const reader = await scene.read();
    await reader.opens("/x");
    await reader.tab("Request");
    await reader.panel.getByText("2 parameters").waitFor();
    await reader.panel.getByText("\u00e9", { exact: true }).waitFor();
    await reader.panel.getByText("Parts of the URL").click();
    await reader.panel.getByText("8443", { exact: true }).waitFor();
  });

  it("timing: connect, TLS, request, wait, response", async () => {
    const startMs = Date.now();
    const at = (ms: number) => timestampFromMs(startMs + ms);
    const server = {
      addressHost: "192.0.2.1",
      addressPort: 443,
      timestampStart: at(-50),
      timestampTcpSetup: at(-30),
      timestampTlsSetup: at(-2),
    };
    await scene.exporter.send(
      http("https://a.example/timed", { startMs, more: { server } as object }),
    );
    const reader = await scene.read();
    await reader.opens("/timed");
    await reader.tab("Timing");
    const row = (name: string) => reader.panel.getByRole("row", { name });
    for (const [name, took] of [
      ["Connect", "20 ms"],
      ["TLS", "28 ms"],
      ["Request", "1 ms"],
      ["Wait", "9 ms"],
      ["Response", "2 ms"],
    ] as const) {
      await row(name).getByText(took).waitFor();
    }
  });

  it("connection: TLS, certificates, and a WireGuard peer without its key file", async () => {
    const more = {
      client: {
        peernameHost: "10.0.0.1",
        peernamePort: 4000,
        proxyMode: "wireguard:/etc/secret/phone1.conf@51821",
      },
      server: {
        addressHost: "a.example",
        addressPort: 443,
        tls: true,
        cipher: "TLS_AES_128_GCM_SHA256",
        sni: "a.example",
        alpn: body("h2"),
        certificateList: [
          { cn: "a.example", issuers: { CN: "An authority" }, altnames: ["b.example"] },
        ],
      },
    } as object;
    await scene.exporter.send(http("https://a.example/tls", { more }));
    const reader = await scene.read();
    await reader.opens("/tls");
    await reader.tab("Connection");
    for (const text of ["TLS_AES_128_GCM_SHA256", "CN=An authority", "b.example", "h2"])
      await reader.panel.getByText(text, { exact: true }).waitFor();
    await reader.panel.getByText("phone1 (WireGuard peer)").waitFor();
    expect(await reader.panel.getByText("/etc/secret").count()).toBe(0);
    await reader.tab("Overview");
    await reader.panel.getByText(/^wireguard:phone1@51821/).waitFor();
  });

  it("notes are Markdown without HTML, images or links to follow", async () => {
    await scene.exporter.send(http("http://a.example/noted"));
    const reader = await scene.read();
    await reader.opens("/noted");
    await reader.page.keyboard.press("n");
    const note = "# Title\n\n- *one*\n- ![x](http://evil.example/i.png)\n\n<img src=x>";
    await reader.page.getByRole("textbox", { name: "Note" }).fill(note);
    await reader.panel.getByRole("button", { name: "Read" }).click();
    await reader.panel.getByRole("heading", { name: "Title" }).waitFor();
    await reader.panel.locator("em", { hasText: "one" }).waitFor();
    await reader.panel.getByText("http://evil.example/i.png").waitFor();
    await reader.panel.getByText("<img src=x>").waitFor();
    expect(await reader.panel.locator("img, a").count()).toBe(0);
  });

  it("side-by-side diff of two flows", async () => {
    const json = (text: string) => ({
      response: {
        headerFields: fields(["content-type", "application/json"]),
        content: body(text),
      },
    });
    await scene.exporter.send(
      http("http://a.example/first", json('{"same":1,"other":"old"}')),
      http("http://a.example/second", json('{"same":1,"other":"new"}')),
    );
    const reader = await scene.read();
    await reader.opens("/first");
    await reader.page.getByRole("button", { name: "Copy…" }).click();
    await reader.page.getByRole("menuitem", { name: "Compare with another" }).click();
    await reader.row("/second").click();
    const diff = reader.page.getByRole("region", { name: "Two flows compared" });
    await diff.getByText("the same").waitFor();
    await diff.locator(".cm-deletedText, .cm-changedText", { hasText: "old" }).waitFor();
    await diff.locator(".cm-changedText", { hasText: "new" }).first().waitFor();
    expect(reader.page.url()).toMatch(/with=\d/);
    await diff.getByRole("button", { name: "Close the comparison" }).click();
    await reader.panel.waitFor();
  });

  it.each([
    ["the flow it was to be compared with", "?flow=1&with=77", "Flow 77 is"],
    ["the open flow", "?flow=77&with=1", "Flow 77 is"],
    ["both", "?flow=78&with=77", "Flows 77 and 78 are"],
  ])("a comparison says which is missing and ends: %s", async (which, search, words) => {
    await scene.exporter.send(http("http://a.example/kept"));
    const reader = await scene.read(search);
    const diff = reader.page.getByRole("region", { name: "Two flows compared" });
    await diff.getByRole("alert").getByText(`${words} not kept here.`).waitFor();
    const end = diff.getByRole("button", { name: "End the comparison" });
    if (which === "both") {
      expect(await diff.getByRole("button", { name: /another/ }).count()).toBe(0);
      await end.press("Enter");
      await diff.waitFor({ state: "detached" });
      expect(reader.page.url()).not.toMatch(/flow|with/);
      return;
    }
    await diff.getByText("a.example/kept").waitFor();
    await end.press("Enter");
    await reader.panel.waitFor();
    await reader.until((to) => location.search === to, "?flow=1");
    await new Keys(reader.page).hasFocus("grid Captured flows");
  });

  it.each(["?flow=1&with=77", "?flow=77&with=1"])(
    "of a comparison one of which is missing another is chosen: %s",
    async (search) => {
      await scene.exporter.send(
        http("http://a.example/kept"),
        http("http://a.example/other"),
      );
      const reader = await scene.read(search);
      const diff = reader.page.getByRole("region", { name: "Two flows compared" });
      await diff
        .getByRole("button", { name: "Compare with another flow" })
        .press("Enter");
      await reader.page.getByText("Open another flow to compare").waitFor();
      await reader.panel.waitFor();
      const keys = new Keys(reader.page);
      await keys.hasFocus("grid Captured flows");
      await reader.row("/other").click();
      await diff.getByText("a.example/other").waitFor();
      await diff.getByText("a.example/kept").waitFor();
      expect(new URL(reader.page.url()).search).toBe("?flow=2&with=1");
    },
  );
});
