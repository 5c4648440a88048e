/* Why the server did not take a filter, and where it is wrong. */
export interface Fault {
  message: string;
  /* In UTF-8 bytes of the filter, as the server counts. */
  position: number;
  length: number;
}

/* The filter in three: what stands before the wrong part, it, and the rest. */
export function faultParts(
  filter: string,
  { position, length }: Fault,
): [string, string, string] {
  const bytes = new TextEncoder().encode(filter);
  const text = (from: number, to?: number) =>
    new TextDecoder().decode(bytes.subarray(from, to));
  const end = position + length;
  return [text(0, position), text(position, end), text(end)];
}

/* Nothing but blanks stands after the wrong part. */
export function reachesEnd(fault: Fault & { filter: string }): boolean {
  return faultParts(fault.filter, fault)[2].trim() === "";
}
