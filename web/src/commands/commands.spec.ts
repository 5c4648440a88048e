import { describe, expect, it } from "vitest";
import { type Command, Registry } from "./commands";

const command = (id: string, more: Partial<Command> = {}): Command => ({
  id,
  group: "Page",
  title: id,
  run: () => {},
  ...more,
});
const ids = (registry: Registry) => registry.get().map(({ id }) => id);

describe("Registry", () => {
  it("has the commands of every owner until it takes them back", () => {
    const registry = new Registry();
    const list = {};
    const detail = {};
    let told = 0;
    registry.subscribe(() => told++);
    registry.put(list, [command("pause")]);
    registry.put(detail, [command("pin"), command("copy")]);
    expect(ids(registry)).toEqual(["pause", "pin", "copy"]);
    registry.put(list, [command("follow")]);
    registry.put(detail, null);
    expect(ids(registry)).toEqual(["follow"]);
    expect(told).toBe(4);
  });

  it("does not find what cannot be done now", () => {
    const registry = new Registry();
    registry.put({}, [command("pin", { keys: ["p"], enabled: false })]);
    expect(registry.find(({ keys }) => keys?.includes("p") === true)).toBeUndefined();
  });
});
