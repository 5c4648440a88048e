import { describe, it } from "vitest";
import { body, fields, http, loss, tcp } from "./harness/exporter";
import { Keys } from "./harness/keys";
import type { Reader } from "./harness/page";
import { Scene } from "./harness/scene";

const scene = new Scene();

const json = (url: string, value: unknown, statusCode = 200) =>
  http(url, {
    response: {
      statusCode,
      headerFields: fields(["content-type", "application/json"]),
      content: body(JSON.stringify(value)),
    },
  });

/* A page with some flows of each kind, and a badge of what was lost. */
async function read(search = ""): Promise<{ reader: Reader; keys: Keys }> {
  const now = Date.now();
  await scene.exporter.send(
    json("http://api.a.example/cart", { a: [1, { b: null }], c: "d" }),
    json("http://cdn.a.example/logo?v=2", { other: true }, 404),
    json("http://b.example/orders", { a: [2], c: "d" }, 500),
    tcp([
      [true, "one"],
      [false, "two"],
    ]),
    loss("first", 12, now - 60_000, now),
  );
  const reader = await scene.read(search);
  await reader.sees("/cart");
  await reader.page.getByRole("slider", { name: "Times shown" }).waitFor();
  return { reader, keys: new Keys(reader.page) };
}

const settled = (reader: Reader) =>
  reader.page.waitForFunction(
    () =>
      !document.querySelector("[aria-busy=true]") &&
      !document.querySelector("main.loading"),
  );

describe("Tab goes to every control that there is, in sight and back again", () => {
  it("while nothing is captured", async () => {
    const reader = await scene.read();
    await reader.page.getByText("Nothing captured yet").waitFor();
    await settled(reader);
    await new Keys(reader.page).goesRound();
  });

  it.each([
    ["the list", ""],
    ["a list that is narrowed and sorted", "?q=~m+GET&h=~c+404&sort=size"],
    ["an open flow", "?flow=1&tab=response"],
    ["its overview", "?flow=1&tab=overview"],
    ["its timing", "?flow=1&tab=timing"],
    ["its connection", "?flow=1&tab=connection"],
    ["its note", "?flow=1&tab=note"],
    ["a conversation", "?flow=4&tab=messages"],
    ["two flows compared", "?flow=1&with=3"],
    ["the statistics", "?panel=statistics"],
    ["the tree", "?panel=tree"],
    ["the proxies", "?panel=proxies"],
  ])("in %s", async (_, search) => {
    const { reader, keys } = await read(search);
    await settled(reader);
    await keys.goesRound();
  });

  it.each([
    "Settings",
    "Columns",
    "Alerts",
    "Export flows",
    "Keys and filters",
    "Go to a time",
  ])("in the dialog %s, which gives the focus back", async (title) => {
    const { reader, keys } = await read();
    await keys.to("button", "Export");
    await keys.command(title);
    await reader.page.getByRole("dialog").waitFor();
    await keys.goesRound();
    await keys.press("Escape");
    await reader.page.getByRole("dialog").waitFor({ state: "detached" });
    await keys.hasFocus("button Export");
  });

  it.each([
    "Views",
    "Type",
    "Method",
    "Status",
    "Host",
    "Device",
    "Source",
    "Time",
    "Highlight",
  ])("in what opens at %s, which gives the focus back", async (name) => {
    const { reader, keys } = await read();
    await keys.use("button", name);
    await reader.page.locator(".popover").waitFor();
    await settled(reader);
    await keys.goesRound(".popover");
    await keys.press("Escape");
    await reader.page.locator(".popover").waitFor({ state: "detached" });
    await keys.hasFocus(`button ${name}`);
  });
});
