/*
 * What a text is laid out into: lines, so that none is too long to draw, in
 * batches, so that none takes long to hand over.
 */
export interface Batch {
  /* Lines, with a line feed after each but the last. */
  text: string;
  /* Which lines, from 1, go on from the line before: it was too long. */
  continued: number[];
}

/* What can be folded: from the end of a line to the start of another. */
export interface Fold {
  from: number;
  to: number;
  /* Members or items in between. */
  count: number;
  /* In how many others it is. */
  depth: number;
}

export interface Splitter {
  push(text: string): void;
  end(): void;
  readonly out: Lines;
  readonly folds: Fold[];
}

// A longer line is drawn as several: one element of a megabyte is too slow.
export const longestLine = 2000;
const batchLen = 128 * 1024;
// The first one is there soon.
const firstLen = 16 * 1024;

/* Where to cut, so that no character is. */
function cutAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff ? at - 1 : at;
}

export class Lines {
  /* How many there are, those taken included. */
  count = 0;
  private lines: string[] = [];
  private continued: number[] = [];
  private length = 0;
  private tookSome = false;

  /* A line; `goesOn`: the rest of the one before. */
  add(text: string, goesOn = false): void {
    let from = 0;
    do {
      const most = from + longestLine;
      const to = most < text.length ? cutAt(text, most) : text.length;
      this.lines.push(from === 0 && to === text.length ? text : text.slice(from, to));
      this.count++;
      if (goesOn || from > 0) this.continued.push(this.count);
      this.length += to - from + 1;
      from = to;
    } while (from < text.length);
  }

  get isFull(): boolean {
    return this.length >= (this.tookSome ? batchLen : firstLen);
  }

  take(): Batch {
    const batch = { text: this.lines.join("\n"), continued: this.continued };
    this.lines = [];
    this.continued = [];
    this.length = 0;
    this.tookSome = true;
    return batch;
  }
}

/* Lines as they are. */
export class TextSplitter implements Splitter {
  readonly out = new Lines();
  readonly folds: Fold[] = [];
  private rest = "";
  /* The beginning of the line is out already. */
  private goesOn = false;

  push(text: string): void {
    const parts = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
    this.rest = parts.pop() ?? "";
    for (const part of parts) {
      this.out.add(part, this.goesOn);
      this.goesOn = false;
    }
    // A line without an end is not kept until there is one.
    while (this.rest.length > 2 * longestLine) {
      const cut = cutAt(this.rest, longestLine);
      this.out.add(this.rest.slice(0, cut), this.goesOn);
      this.goesOn = true;
      this.rest = this.rest.slice(cut);
    }
  }

  end(): void {
    const last = this.rest.replace(/\r$/, "");
    if (last !== "" || this.out.count === 0) this.out.add(last, this.goesOn);
  }
}
