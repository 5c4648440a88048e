const key = /^[A-Za-z0-9+/]{43}=$/;

/*
 * The client's configuration in what was pasted, as wg-quick(8) reads it: what
 * a log has before and after it is left out. null: there is none.
 */
export function clientConf(text: string): string | null {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const first = lines.findIndex((line) => /^\[interface\]$/i.test(line));
  if (first < 0) return null;
  const kept: string[] = [];
  const values = new Map<string, string>();
  let section = "";
  for (const line of lines.slice(first)) {
    const [, header] = /^\[(interface|peer)\]$/i.exec(line) ?? [];
    const [, name, value] = /^([A-Za-z]+)\s*=\s*(.*)$/.exec(line) ?? [];
    if (header) section = header.toLowerCase();
    else if (name) values.set(`${section} ${name.toLowerCase()}`, value ?? "");
    else if (line === "" || line.startsWith("#")) continue;
    else break;
    kept.push(line);
  }
  const has = (name: string, form: RegExp) => form.test(values.get(name) ?? "");
  const isWhole =
    has("interface privatekey", key) &&
    has("peer publickey", key) &&
    has("peer endpoint", /^\S+:\d+$/);
  return isWhole ? `${kept.join("\n")}\n` : null;
}
