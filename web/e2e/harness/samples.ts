import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { fields, http } from "./exporter";

const folder = fileURLToPath(new URL("../../../tests/golden/decode/", import.meta.url));

interface Sample {
  url: string;
  status: number;
  headers: [string, string][];
  body: Uint8Array;
}

/* A recorded message: lines of `name: value`, an empty one, then its body. */
function read(path: string): Sample {
  const bytes = readFileSync(folder + path);
  const end = bytes.indexOf("\n\n");
  const sample: Sample = {
    url: "",
    status: 200,
    headers: [],
    body: bytes.subarray(end + 2),
  };
  for (const line of bytes.subarray(0, end).toString("utf8").split("\n")) {
    const [, name = "", value = ""] = /^([a-z]+): (.*)$/.exec(line) ?? [];
    if (name === "url") sample.url = value;
    if (name === "status") sample.status = Number(value);
    const [, field, text] = /^([^:]+): (.*)$/.exec(name === "header" ? value : "") ?? [];
    if (field !== undefined && text !== undefined) sample.headers.push([field, text]);
  }
  return sample;
}

/* A recorded exchange of tests/golden/decode, as "llm/messages-stream". */
export function recorded(name: string, startMs: number) {
  const request = read(`${name}.request`);
  const response = read(`${name}.response`);
  return http(request.url, {
    method: "POST",
    startMs,
    headers: request.headers,
    body: request.body,
    response: {
      statusCode: response.status,
      headerFields: fields(...response.headers),
      content: response.body,
    },
  });
}
