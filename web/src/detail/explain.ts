import { formatDuration } from "../ui/format";

/* What values of header fields mean, where there is no doubt of it. */

const seconds = (text: string) => formatDuration(Number(text) * 1000);

type Directive = string | ((value: string) => string);

function directives(value: string, known: Record<string, Directive>, by = ","): string {
  const words: string[] = [];
  for (const part of value.split(by).slice(0, 20)) {
    const [name = "", ...rest] = part.trim().split("=");
    const meaning = Object.hasOwn(known, name.trim().toLowerCase())
      ? known[name.trim().toLowerCase()]
      : undefined;
    if (meaning === undefined) continue;
    const argument = rest.join("=").trim().replace(/^"|"$/g, "");
    words.push(typeof meaning === "string" ? meaning : meaning(argument));
  }
  return words.filter(Boolean).join("; ");
}

const duration =
  (before: string, after = "") =>
  (value: string) =>
    /^\d{1,12}$/.test(value) ? `${before}${seconds(value)}${after}` : "";

const cacheControl: Record<string, Directive> = {
  "no-store": "is never kept",
  "no-cache": "is asked about before each use",
  private: "is kept by the client only",
  public: "is kept by anyone",
  "max-age": duration("fresh for "),
  "s-maxage": duration("fresh for ", " in shared caches"),
  "must-revalidate": "is not used once it is stale",
  immutable: "does not change while it is fresh",
  "stale-while-revalidate": duration("stale for ", " while it is asked about"),
  "stale-if-error": duration("stale for ", " on errors"),
  "only-if-cached": "from a cache, or not at all",
  "no-transform": "is not changed on the way",
};

const setCookie: Record<string, Directive> = {
  secure: "over TLS only",
  httponly: "not for scripts",
  "max-age": (value) => (value === "0" ? "deleted now" : duration("for ")(value)),
  samesite: (value) =>
    ({
      strict: "not sent from other sites",
      lax: "from other sites only when the reader goes here",
      none: "sent from everywhere",
    })[value.toLowerCase()] ?? "",
  partitioned: "one for each site it is embedded in",
};

const transport: Record<string, Directive> = {
  "max-age": duration("TLS only, for "),
  includesubdomains: "with all hosts below it",
  preload: "may be built into browsers",
};

function csp(value: string): string {
  const rules = value
    .split(";")
    .map((rule) => rule.trim().toLowerCase())
    .filter(Boolean);
  const of = (name: string) => rules.find((rule) => rule.split(/\s+/)[0] === name);
  const scripts = of("script-src") ?? of("default-src");
  const notes = [`${rules.length} ${rules.length === 1 ? "rule" : "rules"}`];
  if (!scripts) notes.push("scripts from everywhere");
  else if (/'nonce-|'sha\d+-/.test(scripts)) notes.push("scripts by nonce or hash");
  else if (scripts.includes("'unsafe-inline'")) notes.push("inline scripts run");
  else if (/'none'/.test(scripts)) notes.push("no scripts");
  if (scripts?.includes("'unsafe-eval'")) notes.push("eval is allowed");
  if (of("frame-ancestors")?.includes("'none'")) notes.push("is not framed");
  return notes.join("; ");
}

function retryAfter(value: string): string {
  return /^\d{1,9}$/.test(value) ? `try again after ${seconds(value)}` : "";
}

function authorization(value: string): string {
  const scheme = value.split(" ")[0]?.toLowerCase() ?? "";
  const known: Record<string, string> = {
    basic: "user and password, in base64",
    bearer: "whoever has this token is let in",
    digest: "a password, hashed with a challenge",
    negotiate: "Kerberos or NTLM",
  };
  return Object.hasOwn(known, scheme) ? (known[scheme] ?? "") : "";
}

function contentRange(value: string): string {
  const match = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(value);
  if (!match) return "";
  const [, from, to, size] = match;
  return `bytes ${from} to ${to} of ${size === "*" ? "an unknown length" : size}`;
}

const one =
  (known: Record<string, string>) =>
  (value: string): string => {
    const key = value.trim().toLowerCase();
    return Object.hasOwn(known, key) ? (known[key] ?? "") : "";
  };

const fields: Record<string, (value: string) => string> = {
  "cache-control": (value) => directives(value, cacheControl),
  "set-cookie": (value) =>
    directives(value.split(";").slice(1).join(";"), setCookie, ";"),
  "strict-transport-security": (value) => directives(value, transport, ";"),
  "content-security-policy": csp,
  "content-security-policy-report-only": (value) => `${csp(value)}; only reported`,
  "retry-after": retryAfter,
  authorization,
  "proxy-authorization": authorization,
  "content-range": contentRange,
  age: (value) =>
    /^\d{1,12}$/.test(value) ? `came from a cache, ${seconds(value)} old` : "",
  etag: (value) => (value.startsWith("W/") ? "weak: the meaning, not each byte" : ""),
  "access-control-allow-origin": one({
    "*": "pages of every site may read this",
    null: "pages without an origin may read this",
  }),
  "access-control-allow-credentials": one({ true: "with cookies" }),
  "access-control-max-age": duration("the permission holds for "),
  "x-content-type-options": one({ nosniff: "the declared type holds" }),
  "x-frame-options": one({
    deny: "is not framed",
    sameorigin: "is framed by its own site only",
  }),
  "referrer-policy": one({
    "no-referrer": "links do not say where they came from",
    "same-origin": "only its own site is told where links came from",
    "strict-origin-when-cross-origin": "other sites are told the origin only",
    "unsafe-url": "every site is told the whole address",
  }),
  "transfer-encoding": one({ chunked: "in pieces, its length is not told before" }),
  connection: one({
    close: "the connection ends after this",
    "keep-alive": "the connection stays open",
    upgrade: "another protocol follows",
  }),
  "sec-fetch-site": one({
    "same-origin": "asked by its own origin",
    "same-site": "asked by its own site",
    "cross-site": "asked by another site",
    none: "asked by the reader",
  }),
  "upgrade-insecure-requests": one({ "1": "the client would rather have https" }),
  dnt: one({ "1": "do not track" }),
  "sec-gpc": one({ "1": "do not sell or share" }),
  te: one({ trailers: "the client takes trailers" }),
  expect: one({ "100-continue": "asks before it sends the body" }),
  vary: one({ "*": "is never the same again" }),
};

/* Empty: nothing is certain. Never throws. */
export function explainHeader(name: string, value: string): string {
  const key = name.toLowerCase();
  // Longer values are no words.
  if (value.length > 10_000 || !Object.hasOwn(fields, key)) return "";
  return fields[key]?.(value) ?? "";
}

const statuses: Record<number, string> = {
  100: "go on and send the body",
  101: "the connection speaks another protocol from here",
  103: "hints before the answer",
  201: "made",
  202: "taken, but not done yet",
  204: "done; there is no body",
  206: "a part of it",
  301: "moved for good",
  302: "found elsewhere for now",
  303: "see elsewhere, by GET",
  304: "not changed since the client asked last",
  307: "elsewhere for now, by the same method",
  308: "moved for good, by the same method",
  400: "the server cannot read the request",
  401: "who is asking? Credentials are needed",
  403: "the server knows who asks, and refuses",
  404: "there is nothing here",
  405: "not by this method",
  406: "not in a form that the client takes",
  407: "the proxy needs credentials",
  408: "the client took too long",
  409: "does not agree with how things are",
  410: "gone for good",
  411: "the length has to be told",
  412: "a condition does not hold",
  413: "the body is too long",
  414: "the address is too long",
  415: "not in this media type",
  416: "there is no such range",
  417: "cannot do what was expected",
  418: "a teapot",
  421: "this server does not answer for that host",
  422: "readable, but makes no sense",
  423: "locked",
  425: "too early: it might be replayed",
  426: "only with a newer protocol",
  428: "only with a condition",
  429: "too many requests",
  431: "the headers are too long",
  451: "not allowed by law",
  500: "the server failed",
  501: "the server cannot do this",
  502: "the server behind it answered badly",
  503: "not available now",
  504: "the server behind it took too long",
  505: "not in this version of HTTP",
  507: "no room to keep it",
  511: "the network wants a sign-in first",
};

export function explainStatus(code: number): string {
  return statuses[code] ?? "";
}

// RFC 6455, section 7.4.1, and the registry it begins.
const closes: Record<number, string> = {
  1000: "normal: it had done its work",
  1001: "going away",
  1002: "protocol error",
  1003: "a kind of data that it cannot take",
  1005: "no code was told",
  1006: "broke off without a close",
  1007: "data that is not what it says, such as text that is no UTF-8",
  1008: "against its policy",
  1009: "a message too big for it",
  1010: "an extension was not agreed on",
  1011: "the server failed",
  1012: "the server restarts",
  1013: "try again later",
  1014: "the server behind it answered badly",
  1015: "TLS failed",
};

export function explainClose(code: number): string {
  if (Object.hasOwn(closes, code)) return closes[code] ?? "";
  if (code >= 3000 && code < 4000) return "a registered code of some library";
  return code >= 4000 && code < 5000 ? "a code of this application's own" : "";
}
