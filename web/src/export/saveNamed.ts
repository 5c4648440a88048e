import { download } from "../bodies/download";
import { api } from "../connection/api";
import { ExportFormat } from "../gen/mitmflow/v1/mitmflow_pb";
import type { Format } from "./formats";

const formats: Readonly<Record<string, ExportFormat>> = {
  har: ExportFormat.HAR,
  mitm: ExportFormat.MITM,
  jsonl: ExportFormat.JSON_LINES,
  bodies: ExportFormat.BODIES,
};

/*
 * Saves flows that are too many to be named by an address: the file comes as
 * messages, all of which are held until the last. `tell` is told how many bytes
 * came. Throws `Failure`; then, and where it is aborted, nothing is saved.
 */
export async function saveNamed(
  format: Format,
  numbers: ReadonlySet<number>,
  tell: (bytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const parts: Uint8Array[] = [];
  let came = 0;
  let fileName = "";
  const request = {
    numbers: [...numbers].map(BigInt),
    format: formats[format.name] ?? ExportFormat.UNSPECIFIED,
  };
  for await (const { filename, data } of api.export(request, { signal })) {
    fileName ||= filename;
    parts.push(data);
    came += data.length;
    tell(came);
  }
  download(parts, fileName);
}
