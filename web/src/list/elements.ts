// Rows that come sooner after others take over elements.
const calmMs = 250;

/* A flow by its number, or a line that has none yet by a name of its own. */
export type RowId = number | string;

export interface Drawn {
  id: RowId;
  /* Of the element, for React. */
  key: number;
  /* Its place from top to bottom. */
  place: number;
}

/*
 * Which element draws which row. While rows come fast, because flows do or
 * because somebody scrolls, or all are others, one that comes takes over the element of one that
 * went, wherever it stands among the others: other texts cost the browser half
 * of what other elements cost. Once it is calm the elements stand in the order
 * of the rows again, in which they are read out.
 */
export class Elements {
  private drawn: readonly Drawn[] = [];
  private lastKey = 0;
  private cameAt = Number.NEGATIVE_INFINITY;

  /* In the order of elements; `ids` are from top to bottom. */
  arrange(ids: readonly RowId[], nowMs: number): readonly Drawn[] {
    const places = new Map(ids.map((id, place) => [id, place]));
    const kept = new Map(this.drawn.map(({ id, key }) => [id, key]));
    const comes = ids.filter((id) => !kept.has(id));
    const isCalm = nowMs - this.cameAt >= calmMs;
    if (comes.length > 0) this.cameAt = nowMs;
    if (comes.length === ids.length) this.drawn = this.takeAll(ids);
    else if (!isCalm) this.drawn = this.takeOver(places, comes);
    else
      this.drawn = ids.map((id, place) => ({
        id,
        key: kept.get(id) ?? ++this.lastKey,
        place,
      }));
    return this.drawn;
  }

  /* Another list: its rows stand in the elements of the one before. */
  private takeAll(ids: readonly RowId[]): Drawn[] {
    return ids.map((id, place) => {
      const key = this.drawn[place]?.key ?? ++this.lastKey;
      return { id, key, place };
    });
  }

  private takeOver(places: Map<RowId, number>, comes: RowId[]): Drawn[] {
    const drawn: Drawn[] = [];
    const put = (id: RowId, key: number) =>
      drawn.push({ id, key, place: places.get(id) ?? 0 });
    for (const { id, key } of this.drawn) {
      if (places.has(id)) put(id, key);
      else {
        const next = comes.pop();
        if (next !== undefined) put(next, key);
      }
    }
    for (const id of comes) put(id, ++this.lastKey);
    return drawn;
  }

  /* How long until what was arranged is out of order no more if it is arranged
   * anew; null: it is in order. */
  get settlesInMs(): number | null {
    return this.drawn.every(({ place }, at) => place === at) ? null : calmMs;
  }
}
