// Writes a folder of built files as the C table of service/page_assets.h.
//
//   embed.mjs DIST OUTPUT.c
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import zlib from "node:zlib";

const contentTypes = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
};

function* walk(folder, prefix = "") {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const name = `${prefix}/${entry.name}`;
    if (entry.isDirectory()) yield* walk(path.join(folder, entry.name), name);
    else yield name;
  }
}

function compress(identity) {
  const gzip = zlib.gzipSync(identity, { level: 9 });
  const brotli = zlib.brotliCompressSync(identity, {
    params: {
      [zlib.constants.BROTLI_PARAM_QUALITY]: 11,
      [zlib.constants.BROTLI_PARAM_SIZE_HINT]: identity.length,
    },
  });
  const smaller = (bytes) => (bytes.length < identity.length ? bytes : null);
  return { gzip: smaller(gzip), brotli: smaller(brotli) };
}

function cArray(name, bytes) {
  const lines = [];
  for (let at = 0; at < bytes.length; at += 24) {
    lines.push([...bytes.subarray(at, at + 24)].join(","));
  }
  // One byte more, so that the array is never empty.
  return `static const unsigned char ${name}[] = {\n${lines.map((l) => `${l},\n`).join("")}0};\n`;
}

export function embed(dist, output) {
  const arrays = [];
  const entries = [];
  const names = [...walk(dist)].sort();
  for (const [index, name] of names.entries()) {
    const type = contentTypes[path.extname(name)];
    if (!type) throw new Error(`embed: no content type is known for ${name}`);
    const identity = fs.readFileSync(path.join(dist, name));
    const { gzip, brotli } = compress(identity);
    const hash = createHash("sha256").update(identity).digest("base64url").slice(0, 27);
    const columns = [];
    for (const [kind, bytes] of Object.entries({ identity, gzip, brotli })) {
      if (bytes) arrays.push(cArray(`asset_${index}_${kind}`, bytes));
      columns.push(bytes ? `asset_${index}_${kind}, ${bytes.length}` : "NULL, 0");
    }
    entries.push(
      `    {${JSON.stringify(name)}, ${JSON.stringify(type)}, "\\"${hash}\\"", ` +
        `${/^\/assets\//.test(name)},\n     ${columns.join(",\n     ")}},\n`,
    );
  }
  const text =
    `#include "service/page_assets.h"\n\n#include <stddef.h>\n\n${arrays.join("\n")}\n` +
    `const struct mf_page_asset mf_page_assets[] = {\n${entries.join("")}};\n` +
    `const size_t mf_page_assets_count = ${names.length};\n`;
  fs.writeFileSync(output, text);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  embed(process.argv[2], process.argv[3]);
}
