import { splitUrl } from "../connection/row";

export interface UrlParts {
  scheme: string;
  user: string;
  host: string;
  port: string;
  path: string;
  params: [name: string, value: string][];
  fragment: string;
}

/* Percent signs undone, where that makes text; else as it was. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}

/* Takes a captured URL apart, whatever it is; never throws. */
export function takeApart(url: string): UrlParts {
  const { scheme, host: authority, path, query } = splitUrl(url);
  const at = authority.lastIndexOf("@");
  const name = authority.slice(at + 1);
  const port = /:(\d{1,5})$/.exec(name)?.[1] ?? "";
  const hash = query.indexOf("#");
  const search = hash < 0 ? query : query.slice(0, hash);
  return {
    scheme: scheme.replace(/:\/\/$/, ""),
    user: at < 0 ? "" : authority.slice(0, at),
    host: port ? name.slice(0, -port.length - 1) : name,
    port,
    path,
    params: search
      .replace(/^\?/, "")
      .split("&")
      .filter(Boolean)
      .map((pair) => {
        const equals = pair.indexOf("=");
        if (equals < 0) return [decoded(pair), ""];
        return [decoded(pair.slice(0, equals)), decoded(pair.slice(equals + 1))];
      }),
    fragment: hash < 0 ? "" : query.slice(hash + 1),
  };
}
