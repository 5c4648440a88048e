/* Which flows are selected: these, or with `all` every one but these. */
export interface Selection {
  all: boolean;
  numbers: ReadonlySet<number>;
}

export const nothing: Selection = { all: false, numbers: new Set() };
export const everything: Selection = { all: true, numbers: new Set() };

export function isEmpty({ all, numbers }: Selection): boolean {
  return !all && numbers.size === 0;
}

export function isSelected({ all, numbers }: Selection, number: number): boolean {
  return all !== numbers.has(number);
}

/* Of a list of `count` flows. */
export function countSelected({ all, numbers }: Selection, count: number): number {
  return all ? Math.max(0, count - numbers.size) : numbers.size;
}

/* `cursor` is where the reader stands: it counts once a second is added. */
export function toggled(
  selection: Selection,
  number: number,
  cursor: number | null,
): Selection {
  const numbers = new Set(selection.numbers);
  if (isEmpty(selection) && cursor !== null && cursor !== number) numbers.add(cursor);
  if (!numbers.delete(number)) numbers.add(number);
  return { all: selection.all, numbers };
}

/* With `also` what was selected stays so. */
export function withRange(
  selection: Selection,
  range: readonly number[],
  also: boolean,
): Selection {
  if (!also) return { all: false, numbers: new Set(range) };
  const numbers = new Set(selection.numbers);
  for (const number of range) {
    if (selection.all) numbers.delete(number);
    else numbers.add(number);
  }
  return { all: selection.all, numbers };
}
