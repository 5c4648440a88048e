import { describe, expect, it, vi } from "vitest";
import type { Row } from "../connection/row";
import { row } from "../connection/testing";
import { coordinateOf, countOf, rowAt, topOf, want } from "./listing";
import { type Arrival, Newest, type Older } from "./newest";

/* A server that keeps flows 1 to `count`, and a window on the newest. */
function make(count: number, windowed: number) {
  const kept = Array.from({ length: count }, (_, i) => count - i);
  const asked: Older[] = [];
  let pages = 0;
  const newest = new Newest(
    ({ before, offset, limit, ...rest }) => {
      asked.push({ before, offset, limit, ...rest });
      const older = kept.filter((number) => number < before);
      return Promise.resolve(older.slice(offset, offset + limit).map((n) => row(n)));
    },
    () => pages++,
  );
  const rows = kept
    .slice(0, windowed)
    .reverse()
    .map((n) => row(n));
  const arrive = (more: Partial<Arrival>) =>
    newest.take({
      reset: false,
      rows,
      dropped: [],
      changed: [],
      gone: [],
      below: kept.length - windowed,
      ...more,
    });
  newest.begin("");
  arrive({ reset: true });
  return { newest, kept, asked, rows, arrive, pages: () => pages };
}

const numberAt = ({ newest }: ReturnType<typeof make>, line: number) =>
  rowAt(newest.listing, topOf(newest.listing) + line)?.number;

/* Resolves once the line is there and `is` so. */
async function see(
  made: ReturnType<typeof make>,
  line: number,
  is = () => true,
): Promise<void> {
  await vi.waitFor(() => {
    const { listing } = made.newest;
    const coordinate = topOf(listing) + line;
    want(listing, coordinate, coordinate + 30);
    expect(numberAt(made, line) !== undefined && is()).toBe(true);
  }, 10_000);
}

describe("Newest", () => {
  it("has any line of a list of which it holds little", async () => {
    const made = make(5000, 200);
    expect(countOf(made.newest.listing)).toBe(5000);
    expect(numberAt(made, 0)).toBe(5000);
    expect(numberAt(made, 199)).toBe(4801);
    expect(numberAt(made, 200)).toBeUndefined();
    await see(made, 200);
    expect(numberAt(made, 200)).toBe(4800);
    await see(made, 4990);
    expect(numberAt(made, 4999)).toBe(1);
    expect(made.pages()).toBeGreaterThan(0);
    expect(made.asked.every(({ limit }) => limit <= 200)).toBe(true);
  });

  it("keeps what it knows in place while flows come and leave the window", async () => {
    const made = make(5000, 200);
    await see(made, 1000);
    const { newest, kept, arrive } = made;
    const coordinate = coordinateOf(newest.listing, 4000);
    expect(coordinate).not.toBeNull();
    let rows: readonly Row[] = made.rows;
    for (let n = 5001; n <= 5500; n++) {
      kept.unshift(n);
      const dropped = rows.slice(0, 1);
      rows = [...rows.slice(1), row(n)];
      arrive({ rows, dropped, changed: [row(n)], below: kept.length - 200 });
    }
    expect(countOf(newest.listing)).toBe(5500);
    expect(coordinateOf(newest.listing, 4000)).toBe(coordinate);
    expect(numberAt(made, 0)).toBe(5500);
    expect(numberAt(made, 450)).toBe(5050);
    expect(numberAt(made, 1500)).toBe(4000);
    await see(made, 3000);
    expect(numberAt(made, 3000)).toBe(2500);
  });

  it("asks again for what a flow that went has moved, and shows it meanwhile", async () => {
    const made = make(5000, 200);
    await see(made, 1000);
    const asked = made.asked.length;
    made.kept.splice(made.kept.indexOf(3990), 1);
    made.arrive({ gone: [3990], below: made.kept.length - 200 });
    expect(numberAt(made, 1000)).toBe(4000);
    expect(countOf(made.newest.listing)).toBe(4999);
    await see(made, 1000, () => numberAt(made, 1011) === 3988);
    expect(made.asked.length).toBeGreaterThan(asked);
  });

  it("takes the later state of a flow that is on a page", async () => {
    const made = make(5000, 200);
    await see(made, 1000);
    made.arrive({ changed: [row(4000, { pinned: true, change: 9999 })] });
    expect(rowAt(made.newest.listing, topOf(made.newest.listing) + 1000)?.pinned).toBe(
      true,
    );
  });

  it("is as long as was found while the server still counts", async () => {
    const made = make(900, 200);
    made.arrive({ below: null });
    expect(made.newest.listing.isWhole).toBe(false);
    expect(countOf(made.newest.listing)).toBe(400);
    await see(made, 380, () => countOf(made.newest.listing) > 400);
    const isWhole = () => made.newest.listing.isWhole;
    for (let line = 580; !isWhole(); line += 100)
      await see(made, Math.min(line, 899), () => isWhole() || line < 899);
    expect(countOf(made.newest.listing)).toBe(900);
  });

  it("keeps its place over a reset", () => {
    const made = make(5000, 200);
    const coordinate = coordinateOf(made.newest.listing, 4900);
    const rows = Array.from({ length: 150 }, (_, i) => row(4890 + i));
    made.arrive({ reset: true, rows, below: 4889 });
    expect(coordinateOf(made.newest.listing, 4900)).toBe(coordinate);
    expect(countOf(made.newest.listing)).toBe(5039);
  });
});
