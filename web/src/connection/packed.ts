/*
 * Streams that come compressed. Each message of a stream is packed by itself
 * (Connect's envelope: a byte of flags, its length in four, then the bytes);
 * the transport of the page takes none that is, so they are unpacked here.
 */
const headLen = 5;
const isPacked = 1;
// No message of the server is nearly so long.
const longest = 64 << 20;

type Bytes = Uint8Array<ArrayBuffer>;

async function unpack(bytes: Bytes): Promise<Bytes> {
  const whole = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(whole).arrayBuffer());
}

async function plain(flags: number, bytes: Bytes): Promise<Bytes> {
  const data = flags & isPacked && bytes.length > 0 ? await unpack(bytes) : bytes;
  const envelope = new Uint8Array(headLen + data.length);
  envelope[0] = flags & ~isPacked;
  new DataView(envelope.buffer).setUint32(1, data.length);
  envelope.set(data, headLen);
  return envelope;
}

/* Envelopes in pieces of any length become whole ones that are not packed. */
export function unpacking(): TransformStream<Uint8Array, Uint8Array> {
  let parts: Uint8Array[] = [];
  let have = 0;
  let need = headLen;
  const joined = (): Bytes => {
    const bytes = new Uint8Array(have);
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  };
  return new TransformStream({
    async transform(piece, controller) {
      parts.push(piece);
      have += piece.length;
      while (have >= need) {
        const bytes = joined();
        const length = new DataView(bytes.buffer).getUint32(1);
        if (length > longest) throw new Error("The server sent too long a message.");
        need = headLen + length;
        parts = [bytes];
        if (have < need) return;
        controller.enqueue(await plain(bytes[0] ?? 0, bytes.slice(headLen, need)));
        parts = [bytes.slice(need)];
        have -= need;
        need = headLen;
      }
    },
  });
}

/* As fetch; what a stream brings may be compressed on the way. */
export const packedFetch: typeof fetch = async (input, init) => {
  const headers = new Headers(init?.headers);
  const isStream = headers.get("Content-Type")?.startsWith("application/connect+");
  if (!isStream || typeof DecompressionStream === "undefined") return fetch(input, init);
  headers.set("Connect-Accept-Encoding", "gzip");
  const answer = await fetch(input, { ...init, headers });
  if (!answer.body || !answer.headers.has("Connect-Content-Encoding")) return answer;
  const { status, statusText } = answer;
  const told = new Headers(answer.headers);
  told.delete("Connect-Content-Encoding");
  const body = answer.body.pipeThrough(unpacking());
  return new Response(body, { status, statusText, headers: told });
};
