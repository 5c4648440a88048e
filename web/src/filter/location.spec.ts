import { expect, it } from "vitest";
import { placeSearch, readPlace } from "./location";

it("a place survives the address bar", () => {
  const place = { filter: 'a&b=c#d "\u00e9" +%', flow: 12 };
  expect(readPlace(placeSearch(place))).toEqual(place);
  expect(placeSearch({ filter: "", flow: null })).toBe("");
});

it.each(["0", "-1", "1e3", "x", "12345678901234567890", " 1"])(
  "takes no flow from %j",
  (flow) => {
    expect(readPlace(`?flow=${encodeURIComponent(flow)}`).flow).toBeNull();
  },
);
