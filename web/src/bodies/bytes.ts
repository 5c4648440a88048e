/* Whether `bytes` begin with all of `start`. */
export function beginsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  if (start.length > bytes.length) return false;
  // `every` calls a function for each of up to some million bytes.
  for (let i = 0; i < start.length; i++) if (bytes[i] !== start[i]) return false;
  return true;
}
