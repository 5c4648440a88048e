import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { body, fields, http } from "./harness/exporter";
import type { Reader } from "./harness/page";
import { recorded } from "./harness/samples";
import { Scene } from "./harness/scene";

const scene = new Scene({
  viewport: { width: 1440, height: 900 },
  permissions: ["clipboard-read", "clipboard-write"],
});

// Field 1 is "quokka", field 2 is 150, in one frame of gRPC.
const message = [0x0a, 6, ...new TextEncoder().encode("quokka"), 0x10, 0x96, 0x01];
const frame = new Uint8Array([0, 0, 0, 0, message.length, ...message]);

const answer = (type: string, text: string | Uint8Array) => ({
  response: {
    headerFields: fields(["content-type", type]),
    content: typeof text === "string" ? body(text) : text,
  },
});

const list = (count: number) =>
  JSON.stringify(Array.from({ length: count }, (_, id) => ({ id, name: `item ${id}` })));

/* A flow with this answer, open in the page. */
async function opened(
  path: string,
  type: string,
  text: string | Uint8Array,
): Promise<Reader> {
  await scene.exporter.send(http(`http://a.example/${path}`, answer(type, text)));
  const reader = await scene.read();
  await reader.opens(`/${path}`);
  await reader.tab("Response");
  return reader;
}

const choose = (reader: Reader, name: string) =>
  reader.panel.getByRole("button", { name, exact: true }).click();
const line = (reader: Reader, text: string) =>
  reader.panel.locator(".cm-line", { hasText: text }).first();

describe("bodies: pretty, raw, hex; search inside; fold", () => {
  it("shows JSON indented, as it came, and as bytes", async () => {
    const reader = await opened("j", "application/json", '{"a":1,"b":[true]}');
    await line(reader, '"a": 1,').waitFor();
    await choose(reader, "Raw");
    await line(reader, '{"a":1,"b":[true]}').waitFor();
    await choose(reader, "Hex");
    await reader.panel.getByText("7b 22 61 22").waitFor();
  });

  it("searches inside by Ctrl+F while the focus is there, and steps through all", async () => {
    const reader = await opened("s", "application/json", list(3000));
    await line(reader, '"id": 0').click();
    await reader.page.keyboard.press("Control+f");
    await reader.page.keyboard.type("item 299");
    await reader.panel.getByText("1 of 11").waitFor();
    await reader.page.keyboard.press("Enter");
    await reader.page.keyboard.press("Enter");
    await reader.panel.getByText("3 of 11").waitFor();
    await reader.panel
      .locator(".cm-searchMatch-selected", { hasText: "item 299" })
      .waitFor();
    await reader.page.keyboard.press("Escape");
    await reader.panel.getByRole("search").waitFor({ state: "detached" });
    await reader.panel.waitFor();
  });

  it("leaves the page's keys alone while somebody searches", async () => {
    const reader = await opened("k", "application/json", '{"pin":"p n"}');
    await reader.panel.getByRole("button", { name: "Search" }).click();
    await reader.page.keyboard.type("pn?/");
    await reader.panel.getByText("Not found").waitFor();
    await reader.page.getByRole("button", { name: "Pin", exact: true }).waitFor();
  });

  it("folds an object to what it has inside", async () => {
    const reader = await opened("f", "application/json", '{"cart":{"a":1,"b":2},"x":0}');
    await line(reader, '"cart"').waitFor();
    await choose(reader, "Fold");
    await reader.panel.getByRole("button", { name: "2 members" }).click();
    await line(reader, '"a": 1').waitFor();
  });

  it("a 1.2 MB JSON body is searched and folded whole", async () => {
    const reader = await opened("m", "application/json", list(32_000));
    await reader.panel.locator(".text-view[aria-busy=false]").waitFor();
    await reader.panel.getByRole("button", { name: "Search" }).click();
    await reader.page.keyboard.type("item 31999");
    await reader.panel.getByText("1 of 1").waitFor();
    await line(reader, '"item 31999"').waitFor();
    await reader.page.keyboard.press("Escape");
    await reader.panel.evaluate((panel) => {
      panel.scrollTop = 0;
    });
    await reader.panel.getByTitle("Fold", { exact: true }).first().click();
    await reader.panel.getByRole("button", { name: "32,000 items" }).waitFor();
  });

  it("cuts lines that are too long to draw, but not what is copied of them", async () => {
    const text = `{"long":"${"x".repeat(10_000)}"}`;
    const reader = await opened("l", "text/plain", text);
    await choose(reader, "Raw");
    const first = line(reader, "xxx");
    await first.click();
    expect(await reader.panel.locator(".cm-line").count()).toBeGreaterThan(1);
    await reader.page.keyboard.press("Control+a");
    await reader.page.keyboard.press("Control+c");
    expect(await reader.page.evaluate(() => navigator.clipboard.readText())).toBe(text);
  });
});

describe("bodies: large bodies open at once, cut, with show all and download", () => {
  it("shows the beginning, then all of it when asked, and saves it whole", async () => {
    const text = list(90_000);
    const reader = await opened("big", "application/json", text);
    await reader.panel.getByText(/The first 2.0 MB of \d/).waitFor();
    const saved = reader.page.waitForEvent("download");
    await choose(reader, "Save");
    expect(await readFile(await (await saved).path(), "utf8")).toBe(text);
    await reader.panel.getByRole("button", { name: "Search" }).click();
    await reader.page.keyboard.type("item 89999");
    await reader.panel.getByText("Not found").waitFor();
    // What is looked for is found in what comes.
    await choose(reader, "Show all");
    await reader.panel.getByText("1 of 1").waitFor();
    await line(reader, '"item 89999"').waitFor();
  });

  it("shows what was on the wire too", async () => {
    await scene.exporter.send(
      http("http://a.example/gz", {
        response: {
          headerFields: fields(
            ["content-type", "application/json"],
            ["content-encoding", "gzip"],
          ),
          rawContent: gzipSync('{"un":"packed"}'),
        },
      }),
    );
    const reader = await scene.read();
    await reader.opens("/gz");
    await line(reader, '"un": "packed"').waitFor();
    await choose(reader, "On the wire");
    await reader.panel.getByText("1f 8b 08").waitFor();
  });

  it("shows what was on the wire where nothing of it can be unpacked", async () => {
    await scene.exporter.send(
      http("http://a.example/no-gz", {
        response: {
          headerFields: fields(
            ["content-type", "text/html"],
            ["content-encoding", "gzip"],
          ),
          rawContent: body("never packed"),
        },
      }),
    );
    const reader = await scene.read();
    await reader.opens("/no-gz");
    await choose(reader, "Show it as it was on the wire");
    await reader.panel.getByText("never pa").waitFor();
  });
});

describe("bodies by kind", () => {
  it.each([
    ["html", "text/html", "<!doctype html><body><p>one<p>two</body>", "<p>one"],
    ["xml", "application/xml", "<a><b>1</b><c/></a>", "  <b>1</b>"],
    ["css", "text/css", "body{margin:0;padding:0}", "  margin: 0;"],
    ["js", "text/javascript", "function f(x){return x+1}", "  return x + 1"],
  ])("%s is indented and coloured", async (name, type, text, wanted) => {
    const reader = await opened(name, type, text);
    await line(reader, wanted.trim()).waitFor();
    expect(await line(reader, wanted.trim()).textContent()).toContain(wanted);
    await reader.panel.locator(".cm-line span[class]").first().waitFor();
  });

  it.each([
    [
      "html",
      "text/html",
      "<!doctype html><body>",
      "<div><p>one</p></div>",
      "  <p>one</p>",
    ],
    ["xml", "application/xml", "<all>", "<a><b>1</b></a>", "    <b>1</b>"],
  ])("%s of 1 MB is indented, too", async (name, type, start, item, wanted) => {
    const text = start + item.repeat(1_000_000 / item.length);
    const reader = await opened(`long-${name}`, type, text);
    await reader.panel.locator(".text-view[aria-busy=false]").waitFor();
    await line(reader, wanted.trim()).waitFor();
    expect(await line(reader, wanted.trim()).textContent()).toContain(wanted);
    expect(await reader.panel.getByText("Shown as it came").count()).toBe(0);
  });

  it("tells the detected content type beside the declared one", async () => {
    const reader = await opened("odd", "text/plain", '{"really":"json"}');
    await reader.panel.getByText(/JSON, 17 B, declared as text\/plain/).waitFor();
  });

  it.each([
    ["image/png", "no image", /text, 8 B, declared as image\/png/],
    ["application/json", "no JSON", /text, 7 B, declared as application\/json/],
    ["image/svg+xml", "<svg/>", /SVG image, 6 B, as declared/],
  ])("does not take the word %s for what it is", async (type, text, words) => {
    const reader = await opened("said", type, text);
    await reader.panel.getByText(words).waitFor();
  });

  it("form: a table of its fields", async () => {
    await scene.exporter.send(
      http("http://a.example/form", {
        method: "POST",
        headers: [["content-type", "application/x-www-form-urlencoded"]],
        content: "a=%3Cimg+src%3Dx+onerror%3Dalert(1)%3E&b=2",
      }),
    );
    const reader = await scene.read();
    await reader.opens("/form");
    await reader.tab("Request");
    await reader.panel.getByText("<img src=x onerror=alert(1)>").waitFor();
    expect(await reader.panel.locator("img").count()).toBe(0);
  });

  it("multipart: parts that are bodies themselves", async () => {
    const reader = await opened(
      "parts",
      "multipart/form-data; boundary=x",
      '--x\r\nContent-Disposition: form-data; name="d"\r\nContent-Type: application/json\r\n\r\n{"deep":[1]}\r\n--x--\r\n',
    );
    await reader.panel.getByText("Part 1").waitFor();
    await reader.panel.getByText('"deep"').waitFor();
  });

  it("gRPC without descriptors: fields by number, marked as a guess", async () => {
    const reader = await opened("shop.Shop/Find", "application/grpc", frame);
    await reader.panel.getByRole("button", { name: "Decoded", pressed: true }).waitFor();
    await reader.panel.getByText("quokka").waitFor();
    await reader.panel.getByText("(a guess)").first().waitFor();
    await reader.panel.getByText("150", { exact: true }).waitFor();
    await choose(reader, "Hex");
    await reader.panel.getByText("150", { exact: true }).waitFor({ state: "detached" });
  });

  it("GraphQL: the operation and its variables", async () => {
    await scene.exporter.send(
      http("http://a.example/graphql", {
        method: "POST",
        headers: [["content-type", "application/json"]],
        content: JSON.stringify({
          query: "query Who($id: ID!) { user(id: $id) { name } }",
          variables: { id: "7" },
        }),
      }),
    );
    const reader = await scene.read();
    await reader.opens("/graphql");
    await reader.tab("Request");
    await reader.panel.getByText("Who", { exact: true }).waitFor();
    await reader.panel.getByText("variables").waitFor();
  });

  it("MessagePack: as a tree that folds", async () => {
    // {"a": {"b": 42}}
    const packed = Uint8Array.of(0x81, 0xa1, 0x61, 0x81, 0xa1, 0x62, 42);
    const reader = await opened("m", "application/msgpack", packed);
    await reader.panel.getByText("42", { exact: true }).waitFor();
    await reader.panel.getByRole("button", { name: "Fold a" }).click();
    await reader.panel.getByText("42", { exact: true }).waitFor({ state: "detached" });
  });

  it("server-sent events: each with its type and data", async () => {
    const reader = await opened(
      "sse",
      "text/event-stream",
      'event: tick\ndata: {"n":1}\n\ndata: plain\n\n',
    );
    await reader.panel.getByText("Message 1").waitFor();
    await reader.panel.getByText("tick").waitFor();
    await reader.panel.getByText("plain").waitFor();
  });

  it("a conversation with a language model, turn by turn", async () => {
    await scene.exporter.send(
      http("http://a.example/v1/chat/completions", {
        method: "POST",
        headers: [["content-type", "application/json"]],
        content: JSON.stringify({
          model: "gpt-x",
          messages: [
            { role: "system", content: "Be short." },
            { role: "user", content: "Is it raining?" },
          ],
        }),
      }),
    );
    const reader = await scene.read();
    await reader.opens("/v1/chat/completions");
    await reader.tab("Request");
    const turn = reader.panel.getByRole("listitem").filter({ hasText: "Is it raining?" });
    await turn.getByText("user").waitFor();
  });

  it("a token says that nobody verified it", async () => {
    const part = (value: object) =>
      Buffer.from(JSON.stringify(value)).toString("base64url");
    const token = `${part({ alg: "HS256" })}.${part({ sub: "ann" })}.c2ln`;
    await scene.exporter.send(
      http("http://a.example/t", { headers: [["Authorization", `Bearer ${token}`]] }),
    );
    const reader = await scene.read();
    await reader.opens("/t");
    await reader.tab("Request");
    await reader.panel.getByText("Inside the headers").click();
    await reader.panel.getByText(/not verified/).waitFor();
    await reader.panel.getByText("ann", { exact: true }).waitFor();
  });

  it("values stand below each other, at any depth and whatever is folded", async () => {
    await scene.exporter.send(recorded("graphql/query", Date.now()));
    const reader = await scene.read("?flow=1&tab=response");
    const starts = async () => {
      const values = await reader.panel.locator(".node.pair > .value").all();
      const boxes = await Promise.all(values.map((value) => value.boundingBox()));
      return boxes.map((box) => box?.x);
    };
    await reader.panel.getByText("secret", { exact: true }).waitFor();
    const [first, ...others] = await starts();
    expect(others).toHaveLength(6);
    expect(new Set(others)).toEqual(new Set([first]));
    await reader.panel.getByRole("button", { name: "Fold user" }).click();
    await reader.panel
      .getByText("secret", { exact: true })
      .waitFor({ state: "detached" });
    expect(new Set(await starts())).toEqual(new Set([first]));
  });

  it("more nodes than can be drawn are drawn as they come into sight", async () => {
    const pairs = Array.from({ length: 5000 }, (_, i) => `k${i}=v${i}`).join("&");
    const reader = await opened("many", "application/x-www-form-urlencoded", pairs);
    await reader.panel.getByText("v0", { exact: true }).waitFor();
    expect(await reader.panel.locator(".node").count()).toBeLessThan(200);
    await reader.panel.evaluate((panel) => {
      panel.scrollTop = panel.scrollHeight;
    });
    await reader.panel.getByText("v4999", { exact: true }).waitFor();
  });
});

describe("copy as", () => {
  async function copies(item: string): Promise<string> {
    const reader = await scene.read();
    await reader.opens("/it's");
    await reader.page.getByRole("button", { name: "Copy…" }).click();
    await reader.page.getByRole("menuitem", { name: item, exact: true }).first().click();
    await reader.page.getByText(`${item} copied`).waitFor();
    return reader.page.evaluate(() => navigator.clipboard.readText());
  }

  it.each([
    ["URL", /^http:\/\/a\.example\/it's$/],
    ["cURL", /--url 'http:\/\/a\.example\/it'\\''s'/],
    ["HTTPie", /^http/],
    ["fetch", /fetch\(/],
    ["Python requests", /requests/],
    ["Raw request", /^GET \/it's HTTP\/1\.1\r?\n/],
    ["Raw response", /^HTTP\/1\.1 200 OK\r?\n/],
    ["HAR", /"entries"/],
  ])("%s", async (item, wanted) => {
    await scene.exporter.send(http("http://a.example/it's", { headers: [["x", "1"]] }));
    expect(await copies(item)).toMatch(wanted);
  });

  it("says when a flow has no such form", async () => {
    await scene.exporter.send(http("http://a.example/unanswered", { response: null }));
    const reader = await scene.read();
    await reader.opens("/unanswered");
    await reader.page.getByRole("button", { name: "Copy…" }).click();
    await reader.page.getByRole("menuitem", { name: "Raw response" }).click();
    await reader.page.getByText("This flow cannot be said as Raw response.").waitFor();
  });

  it("header, value", async () => {
    await scene.exporter.send(
      http("http://a.example/h?q=a%20b", { headers: [["X-One", "two"]] }),
    );
    const reader = await scene.read();
    await reader.opens("/h");
    await reader.tab("Request");
    const copied = async (name: string) => {
      await reader.panel.getByRole("button", { name, exact: true }).click();
      await reader.page.getByText(`Copied: ${name.slice("Copy ".length)}`).waitFor();
      return reader.page.evaluate(() => navigator.clipboard.readText());
    };
    expect(await copied("Copy the value of X-One")).toBe("two");
    expect(await copied("Copy the header X-One")).toBe("X-One: two");
    expect(await copied("Copy the value of q")).toBe("a b");
  });

  it("HAR for all that the filter takes", async () => {
    await scene.exporter.send(
      http("http://a.example/wanted"),
      http("http://b.example/other"),
    );
    const reader = await scene.read("?q=~d+a.example");
    await reader.sees("/wanted");
    await reader.page.getByRole("button", { name: "Export" }).click();
    const saved = reader.page.waitForEvent("download");
    await reader.page.getByRole("link", { name: "HAR" }).click();
    const download = await saved;
    expect(download.suggestedFilename()).toMatch(/\.har$/);
    const har = JSON.parse(await readFile(await download.path(), "utf8"));
    const urls = har.log.entries.map((e: { request: { url: string } }) => e.request.url);
    expect(urls).toEqual(["http://a.example/wanted"]);
  });
});
