import { api } from "../connection/api";
import { BodyForm } from "../gen/mitmflow/v1/mitmflow_pb";
import { type BodySource, bodyRef } from "./source";

// Long enough for the browser to have begun reading it.
const keptMs = 60_000;

/* Saves bytes as a file, as what they are: never as something to be opened. */
export function download(parts: readonly Uint8Array[], fileName: string): void {
  const blob = new Blob(parts as Uint8Array<ArrayBuffer>[], {
    type: "application/octet-stream",
  });
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = fileName;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), keptMs);
}

/* Gets all of a body, and saves it; tells how many bytes have come. */
export async function downloadBody(
  source: BodySource,
  raw: boolean,
  fileName: string,
  tell: (bytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const parts: Uint8Array[] = [];
  let came = 0;
  const request = {
    body: bodyRef(source),
    form: raw ? BodyForm.RAW : BodyForm.UNSPECIFIED,
  };
  for await (const { data } of api.getBody(request, { signal })) {
    parts.push(data);
    came += data.length;
    tell(came);
  }
  download(parts, fileName);
}
