/* A message of a stream with its prefix: flags, then four bytes of length. */
export interface Envelope {
  data: Uint8Array<ArrayBuffer>;
  isCompressed: boolean;
  isEnd: boolean;
}

const prefixLen = 5;
const compressedFlag = 1;
const endFlag = 2;
// The server's messages are far smaller; a length beyond is no message.
const longest = 512 << 20;

export function envelope(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(prefixLen + data.length);
  new DataView(out.buffer).setUint32(1, data.length);
  out.set(data, prefixLen);
  return out;
}

/* Puts envelopes together again, whatever pieces they come in. */
export class EnvelopeReader {
  private readonly prefix = new Uint8Array(prefixLen);
  private prefixAt = 0;
  private data = new Uint8Array(0);
  private dataAt = 0;

  /* The envelopes that end within `piece`. */
  *push(piece: Uint8Array): Generator<Envelope> {
    let at = 0;
    while (at < piece.length) {
      if (this.prefixAt < prefixLen) {
        const part = piece.subarray(at, at + prefixLen - this.prefixAt);
        this.prefix.set(part, this.prefixAt);
        this.prefixAt += part.length;
        at += part.length;
        if (this.prefixAt < prefixLen) return;
        this.begin();
      } else {
        const part = piece.subarray(at, at + this.data.length - this.dataAt);
        this.data.set(part, this.dataAt);
        this.dataAt += part.length;
        at += part.length;
      }
      if (this.dataAt === this.data.length) yield this.end();
    }
  }

  private begin(): void {
    const length = new DataView(this.prefix.buffer).getUint32(1);
    if (length > longest) throw new Error(`a message of ${length} bytes`);
    this.data = new Uint8Array(length);
    this.dataAt = 0;
  }

  private end(): Envelope {
    const [flags = 0] = this.prefix;
    this.prefixAt = 0;
    return {
      data: this.data,
      isCompressed: (flags & compressedFlag) !== 0,
      isEnd: (flags & endFlag) !== 0,
    };
  }
}
