import { expect, it } from "vitest";
import { home, type Place, placeSearch, readPlace } from "./place";

it("a place survives the address bar", () => {
  const place: Place = {
    filter: 'a&b=c#d "\u00e9" +%',
    highlight: "~c 5xx",
    flow: 12,
    tab: "timing",
    compare: 7,
    sort: "duration",
    ascending: true,
    panel: "tree",
    view: "slow & big",
  };
  expect(readPlace(placeSearch(place))).toEqual(place);
  expect(placeSearch(home)).toBe("");
});

it("an address of nonsense is the page as it begins", () => {
  expect(readPlace("?sort=x&panel=<b>&tab=../a&with=0&flow=-1")).toEqual(home);
});

it.each(["0", "-1", "1e3", "x", "12345678901234567890", " 1"])(
  "takes no flow from %j",
  (flow) => {
    expect(readPlace(`?flow=${encodeURIComponent(flow)}`).flow).toBeNull();
  },
);
