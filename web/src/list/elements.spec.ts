import { describe, expect, it } from "vitest";
import { Elements } from "./elements";

const look = (elements: Elements, ids: number[], atMs: number) =>
  elements.arrange(ids, atMs).map(({ id, key }) => [id, key]);

describe("Elements", () => {
  it("stand in the order of rows while few come", () => {
    const elements = new Elements();
    expect(look(elements, [3, 2, 1], 0)).toEqual([
      [3, 1],
      [2, 2],
      [1, 3],
    ]);
    expect(look(elements, [4, 3, 2], 1000)).toEqual([
      [4, 4],
      [3, 1],
      [2, 2],
    ]);
    expect(elements.settlesInMs).toBeNull();
  });

  it("are taken over where they stand while many come", () => {
    const elements = new Elements();
    look(elements, [3, 2, 1], 0);
    expect(look(elements, [5, 4, 3], 100)).toEqual([
      [3, 1],
      [4, 2],
      [5, 3],
    ]);
    expect(elements.arrange([5, 4, 3], 110).map(({ place }) => place)).toEqual([2, 1, 0]);
    expect(elements.settlesInMs).toBeGreaterThan(0);
  });

  it("are taken over in order by the rows of another list, however calm it is", () => {
    const elements = new Elements();
    look(elements, [3, 2, 1], 0);
    expect(look(elements, [9, 7, 5, 4], 1000)).toEqual([
      [9, 1],
      [7, 2],
      [5, 3],
      [4, 4],
    ]);
    expect(elements.settlesInMs).toBeNull();
  });

  it("come and go with the number of rows", () => {
    const elements = new Elements();
    look(elements, [2, 1], 0);
    expect(look(elements, [4, 3, 2, 1], 50).map(([, key]) => key)).toEqual([1, 2, 3, 4]);
    expect(look(elements, [4], 60)).toHaveLength(1);
  });

  it("stand in order again once it is calm", () => {
    const elements = new Elements();
    look(elements, [3, 2, 1], 0);
    look(elements, [5, 4, 3], 100);
    const wait = elements.settlesInMs ?? 0;
    expect(look(elements, [5, 4, 3], 100 + wait)).toEqual([
      [5, 3],
      [4, 2],
      [3, 1],
    ]);
    expect(elements.settlesInMs).toBeNull();
  });
});
