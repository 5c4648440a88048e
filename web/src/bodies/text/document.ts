import { Text } from "@codemirror/state";
import type { End } from "./layout";
import type { Batch, Fold } from "./lines";

/* What the editor has to know of its lines, beside their text. */
export class Marks {
  private continued: number[] = [];
  private folds = new Map<number, Fold>();

  add(batch: Batch): void {
    this.continued.push(...batch.continued);
  }

  fold(folds: readonly Fold[]): void {
    for (const fold of folds) this.folds.set(fold.from, fold);
  }

  /* The marks of a text that this one was the beginning of. */
  become(marks: Marks): void {
    this.continued = marks.continued;
    this.folds = marks.folds;
  }

  foldAt(line: number): Fold | undefined {
    return this.folds.get(line);
  }

  foldsAt(depth: number): Fold[] {
    return [...this.folds.values()].filter((fold) => fold.depth === depth);
  }

  /* The number that a line had before others were cut; 0: it goes on. */
  numberOf(line: number): number {
    const before = this.countUpTo(line);
    return this.continued[before - 1] === line ? 0 : line - before;
  }

  goesOn(line: number): boolean {
    const before = this.countUpTo(line);
    return before > 0 && this.continued[before - 1] === line;
  }

  /* How many lines up to this one go on from the one before. */
  private countUpTo(line: number): number {
    let [low, high] = [0, this.continued.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.continued[middle] ?? 0) <= line) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/* A text that comes in parts, and what of it the editor has not got yet. */
export class Assembly {
  readonly marks = new Marks();
  private pending: Text | null = null;
  private isFirst = true;

  add(batch: Batch): void {
    this.marks.add(batch);
    const lines = Text.of(batch.text.split("\n"));
    // A batch begins on a line of its own.
    const more = this.isFirst ? lines : Text.of(["", ""]).append(lines);
    this.isFirst = false;
    this.pending = this.pending ? this.pending.append(more) : more;
  }

  end({ folds }: End): void {
    this.marks.fold(folds);
  }

  addAll(laid: Generator<Batch, End>): void {
    let next = laid.next();
    for (; !next.done; next = laid.next()) this.add(next.value);
    this.end(next.value);
  }

  /* All that was not taken. */
  look(): Text {
    return this.pending ?? Text.empty;
  }

  /* What came since; null: nothing. */
  take(): Text | null {
    const { pending } = this;
    this.pending = null;
    return pending;
  }
}
