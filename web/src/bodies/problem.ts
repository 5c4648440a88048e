import type { BodyInfo } from "../gen/mitmflow/v1/mitmflow_pb";
import { formatSize, plural } from "../ui/format";

type Info = Pick<
  BodyInfo,
  "leftOut" | "wireSize" | "keptSize" | "cut" | "changed" | "contentEncoding"
>;

/* Why a body is not what was on the wire; empty if it is. `fault`: why it ends
   where it does. */
export function problemOf(info: Info, fault: string): string {
  const [size, kept] = [Number(info.wireSize), Number(info.keptSize)];
  if (info.leftOut) {
    const length = size > 0 ? ` (${formatSize(size)})` : "";
    return `Left out by the proxy${length}: ${info.leftOut}.`;
  }
  const changed = info.changed ? "Changed by a rule of the proxy." : "";
  if (changed && info.cut) {
    return `${changed} The rest could not be looked through and was left out, or was cut before.`;
  }
  if (changed) return changed;
  if (kept === 0 && size > 0) {
    return `mitmproxy passed this body on without keeping it (${formatSize(size)}).`;
  }
  const cut = info.cut ? `The exporter cut this body${lost(size - kept)}.` : "";
  return [cut, fault && sentence(fault)].filter(Boolean).join(" ");
}

function lost(bytes: number): string {
  return bytes > 0 ? `: ${plural(bytes, "byte")} more were not captured` : "";
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
