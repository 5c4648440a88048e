import { type Fold, Lines, type Splitter } from "./lines";

// Deeper than this, lines are indented no further.
const deepest = 40;
const indents = Array.from({ length: deepest + 1 }, (_, depth) => "  ".repeat(depth));

const quote = 0x22;
const backslash = 0x5c;

/* What ends a number or word. */
function isMark(code: number): boolean {
  return (
    code === 0x7b ||
    code === 0x7d ||
    code === 0x5b ||
    code === 0x5d ||
    code === 0x2c ||
    code === 0x3a ||
    code === quote ||
    isBlank(code)
  );
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

interface Open {
  line: number;
  commas: number;
}

/*
 * Lines of JSON, indented anew by its marks alone: numbers, escapes, the
 * order of keys and repeated keys stay as they came, and what is cut off or
 * is not quite JSON is shown too.
 */
export class JsonIndenter implements Splitter {
  readonly out = new Lines();
  readonly folds: Fold[] = [];
  private line = "";
  private isBlank = true;
  private readonly open: Open[] = [];
  private inString = false;
  private escaped = false;
  /* An opening mark was the last thing: `{}` stays on one line. */
  private opened = false;
  /* A whole document was the last thing. */
  private closed = false;

  push(text: string): void {
    let at = 0;
    while (at < text.length) {
      at = this.inString ? this.string(text, at) : this.token(text, at);
    }
  }

  end(): void {
    if (!this.isBlank || this.out.count === 0) this.out.add(this.line);
  }

  private string(text: string, from: number): number {
    let at = from;
    let odd = false;
    while (at < text.length) {
      const code = text.charCodeAt(at++);
      if (code < 0x20) odd = true;
      if (this.escaped) this.escaped = false;
      else if (code === backslash) this.escaped = true;
      else if (code === quote) {
        this.inString = false;
        break;
      }
    }
    const part = text.slice(from, at);
    // No line of output holds a line feed, even where a string wrongly does.
    this.put(odd ? part.replace(/[\r\n]/g, " ") : part);
    return at;
  }

  private token(text: string, at: number): number {
    const code = text.charCodeAt(at);
    if (isBlank(code)) return at + 1;
    if (code === 0x7d || code === 0x5d) return this.close(text, at);
    if (this.opened) this.breakLine();
    // Several documents after one another, as in JSON lines.
    else if (this.closed && code !== 0x2c) this.breakLine();
    this.opened = this.closed = false;
    if (code === 0x7b || code === 0x5b) {
      this.put(text.charAt(at));
      this.open.push({ line: this.out.count + 1, commas: 0 });
      this.opened = true;
    } else if (code === 0x2c) {
      this.put(",");
      const top = this.open.at(-1);
      if (top) top.commas++;
      this.breakLine();
    } else if (code === 0x3a) {
      this.put(": ");
    } else if (code === quote) {
      this.put('"');
      this.inString = true;
    } else {
      return this.word(text, at);
    }
    return at + 1;
  }

  private word(text: string, from: number): number {
    let at = from + 1;
    while (at < text.length && !isMark(text.charCodeAt(at))) at++;
    this.put(text.slice(from, at));
    return at;
  }

  private close(text: string, at: number): number {
    const opening = this.open.pop();
    if (!this.opened) {
      this.breakLine();
      const to = this.out.count + 1;
      if (opening && to > opening.line) {
        const depth = this.open.length;
        this.folds.push({ from: opening.line, to, count: opening.commas + 1, depth });
      }
    }
    this.opened = false;
    this.closed = this.open.length === 0;
    this.put(text.charAt(at));
    return at + 1;
  }

  private put(text: string): void {
    this.line += text;
    this.isBlank = false;
  }

  private breakLine(): void {
    if (!this.isBlank) this.out.add(this.line);
    this.line = indents[Math.min(this.open.length, deepest)] ?? "";
    this.isBlank = true;
  }
}
