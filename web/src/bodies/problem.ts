import type { Request, Response } from "../gen/mitmproxy/v1/mitmproxy_pb";
import { formatSize, plural } from "../ui/format";

type Message = Pick<
  Request | Response,
  | "content"
  | "rawContent"
  | "contentSize"
  | "contentTruncated"
  | "contentChanged"
  | "contentLeftOut"
>;

/* Why a body is not what was on the wire; empty if it is. `undecoded`: why the
   server could not decode it. */
export function problemOf(message: Message, undecoded: string): string {
  const size = Number(message.contentSize);
  if (message.contentLeftOut) {
    const length = size > 0 ? ` (${formatSize(size)})` : "";
    return `Left out by the proxy${length}: ${message.contentLeftOut}.`;
  }
  const changed = message.contentChanged ? "Changed by a rule of the proxy." : "";
  if (changed && message.contentTruncated) {
    return `${changed} The rest could not be looked through and was left out, or was cut before.`;
  }
  if (changed) return changed;
  if (undecoded) {
    const decoded = message.content.length;
    const asSent = decoded === 0 || decoded === message.rawContent.length;
    return `${asSent ? "Shown as it was on the wire" : "Decoded only in part"}: ${undecoded}.`;
  }
  if (message.content.length === 0 && size > 0) {
    return `mitmproxy passed this body on without keeping it (${formatSize(size)}).`;
  }
  if (!message.contentTruncated) return "";
  const lost = size - message.content.length;
  const rest = lost > 0 ? `: ${plural(lost, "byte")} more were not captured` : "";
  return `The exporter cut this body${rest}.`;
}
