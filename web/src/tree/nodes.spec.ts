import { describe, expect, it } from "vitest";
import { baseOf, domainsOf, hidden, type Node, nodesOf, only } from "./nodes";

const hosts = [
  { value: "api.shop.co.uk", count: 5, errors: 1 },
  { value: "other.example", count: 9, errors: 0 },
  { value: "cdn.shop.co.uk", count: 7, errors: 2 },
  { value: "192.0.2.1", count: 1, errors: 0 },
  { value: "localhost", count: 1, errors: 0 },
];
const tree = domainsOf(hosts, "");
const [shop, other] = tree as [Node, Node];

describe("hosts as a tree", () => {
  it("are together by the domain that was registered, the busiest first", () => {
    expect(tree.map(({ kind, value, count }) => [kind, value, count])).toEqual([
      ["domain", "shop.co.uk", 12],
      ["host", "other.example", 9],
      ["host", "192.0.2.1", 1],
      ["host", "localhost", 1],
    ]);
    expect(shop.errors).toBe(3);
    expect(shop.children?.map(({ value }) => value)).toEqual([
      "api.shop.co.uk",
      "cdn.shop.co.uk",
    ]);
  });

  it("narrow the filter to one node, whatever was chosen before", () => {
    const domain = only("~e", shop, []);
    expect(domain).toBe('~e ~d "(^|\\\\.)shop\\\\.co\\\\.uk$"');
    expect(only(domain, other, [])).toBe("~e ~d ^other\\.example$");
    const host = shop.children?.[0] as Node;
    const [get] = nodesOf("method", [{ value: "GET", count: 1, errors: 0 }], host.id);
    expect(only("~e ~m ^POST$", get as Node, [shop, host])).toBe(
      "~e ~d ^api\\.shop\\.co\\.uk$ ~m ^GET$",
    );
    expect(baseOf(domain)).toBe("~e");
  });

  it("are hidden beside what is hidden already", () => {
    const once = hidden("~e", other);
    expect(once).toBe("~e !~d ^other\\.example$");
    expect(hidden(once, shop)).toBe(`${once} !~d "(^|\\\\.)shop\\\\.co\\\\.uk$"`);
  });
});
