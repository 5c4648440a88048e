import type { DNSResourceRecord } from "../gen/mitmproxy/v1/mitmproxy_pb";
import { headerText } from "./headers";

function ipv6(data: Uint8Array): string {
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) {
    groups.push((((data[i] ?? 0) << 8) | (data[i + 1] ?? 0)).toString(16));
  }
  const text = groups.join(":");
  // The longest run of zeros, once (RFC 5952).
  const runs = text.match(/(?:^|:)0(?::0)+(?=:|$)/g) ?? [];
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), "");
  return longest ? text.replace(longest, "::").replace(/:{3,}/, "::") : text;
}

/* A name in labels without compression; null if it is anything else. */
function domain(data: Uint8Array): string | null {
  const labels: string[] = [];
  let at = 0;
  while (at < data.length) {
    const length = data[at] ?? 0;
    if (length === 0) return at === data.length - 1 ? labels.join(".") || "." : null;
    if (length > 63 || at + length >= data.length) return null;
    labels.push(headerText(data.subarray(at + 1, at + 1 + length)));
    at += 1 + length;
  }
  return null;
}

function strings(data: Uint8Array): string | null {
  const parts: string[] = [];
  let at = 0;
  while (at < data.length) {
    const end = at + 1 + (data[at] ?? 0);
    if (end > data.length) return null;
    parts.push(JSON.stringify(headerText(data.subarray(at + 1, end))));
    at = end;
  }
  return parts.join(" ");
}

function hex(data: Uint8Array): string {
  return [...data].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

/* A record's data as a reader knows it; as hex where the type is not known. */
export function recordText(record: DNSResourceRecord): string {
  const { data } = record;
  const readers: Record<string, () => string | null> = {
    A: () => (data.length === 4 ? data.join(".") : null),
    AAAA: () => (data.length === 16 ? ipv6(data) : null),
    CNAME: () => domain(data),
    NS: () => domain(data),
    PTR: () => domain(data),
    TXT: () => strings(data),
  };
  return readers[record.type]?.() ?? hex(data);
}
