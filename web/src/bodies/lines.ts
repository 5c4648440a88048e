/*
 * Bytes to lines, in steps that each take a few milliseconds, so that a body
 * of any length never holds up the page.
 */

export interface Line {
  text: string;
  /* The line's number from 1; 0: it goes on from the line before. */
  number: number;
}

export interface Splitter {
  push(text: string): void;
  end(): void;
  readonly lines: Line[];
}

// A longer line is drawn as several: one element of a megabyte is too slow.
const longestLine = 2000;
// Browsers draw nothing below some 33 million pixels.
export const mostLines = 1_200_000;

class Lines {
  readonly lines: Line[] = [];
  private count = 0;

  add(text: string): void {
    if (this.lines.length >= mostLines) return;
    this.count++;
    let number = this.count;
    for (let at = 0; at === 0 || at < text.length; at += longestLine) {
      this.lines.push({ text: text.slice(at, at + longestLine), number });
      number = 0;
    }
  }
}

/* Lines as they are. */
export class TextSplitter implements Splitter {
  private readonly out = new Lines();
  private rest = "";

  get lines(): Line[] {
    return this.out.lines;
  }

  push(text: string): void {
    const parts = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
    this.rest = parts.pop() ?? "";
    for (const part of parts) this.out.add(part);
  }

  end(): void {
    const last = this.rest.replace(/\r$/, "");
    if (last !== "" || this.lines.length === 0) this.out.add(last);
  }
}

// Deeper than this, lines are indented no further.
const deepest = 40;

/*
 * Lines of JSON, indented anew by its marks alone: numbers, escapes, the
 * order of keys and repeated keys stay as they came, and what is cut off or
 * is not quite JSON is shown too.
 */
export class JsonIndenter implements Splitter {
  private readonly out = new Lines();
  private line = "";
  private depth = 0;
  private inString = false;
  private escaped = false;
  /* An opening mark was the last thing: `{}` stays on one line. */
  private opened = false;

  get lines(): Line[] {
    return this.out.lines;
  }

  push(text: string): void {
    let at = 0;
    while (at < text.length) {
      at = this.inString ? this.string(text, at) : this.token(text, at);
    }
  }

  end(): void {
    if (this.line.trim() !== "" || this.lines.length === 0) this.out.add(this.line);
  }

  private string(text: string, from: number): number {
    let at = from;
    while (at < text.length) {
      const code = text.charCodeAt(at++);
      if (this.escaped) this.escaped = false;
      else if (code === 0x5c) this.escaped = true;
      else if (code === 0x22) {
        this.inString = false;
        break;
      }
    }
    // No line of output holds a line feed, even where a string wrongly does.
    this.line += text.slice(from, at).replace(/[\r\n]/g, " ");
    return at;
  }

  private token(text: string, at: number): number {
    const char = text.charAt(at);
    if (" \n\r\t".includes(char)) return at + 1;
    if (char === "}" || char === "]") {
      this.depth = Math.max(0, this.depth - 1);
      if (!this.opened) this.breakLine();
      this.opened = false;
      this.line += char;
      return at + 1;
    }
    if (this.opened) this.breakLine();
    // Several documents after one another, as in JSON lines.
    else if (this.depth === 0 && /[}\]]$/.test(this.line) && char !== ",")
      this.breakLine();
    this.opened = char === "{" || char === "[";
    this.line += char === ":" ? ": " : char;
    if (this.opened) this.depth++;
    if (char === ",") this.breakLine();
    this.inString = char === '"';
    return at + 1;
  }

  private breakLine(): void {
    if (this.line.trim() !== "") this.out.add(this.line);
    this.line = "  ".repeat(Math.min(this.depth, deepest));
  }
}

const stepLen = 64 * 1024;

export class LineReader {
  private at = 0;
  private readonly decoder: TextDecoder;
  done = false;

  constructor(
    private readonly bytes: Uint8Array,
    charset: string,
    readonly splitter: Splitter,
  ) {
    this.decoder = new TextDecoder(charset);
  }

  get lines(): readonly Line[] {
    return this.splitter.lines;
  }

  /* Works for about so many milliseconds; true once all is read. */
  work(ms: number): boolean {
    const end = performance.now() + ms;
    while (!this.done) {
      const chunk = this.bytes.subarray(this.at, this.at + stepLen);
      this.at += chunk.length;
      this.done = this.at >= this.bytes.length;
      this.splitter.push(this.decoder.decode(chunk, { stream: !this.done }));
      if (this.done) this.splitter.end();
      if (performance.now() > end) break;
    }
    return this.done;
  }
}
