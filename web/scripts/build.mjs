// Builds the page.
//
//   build.mjs                         into web/dist
//   build.mjs DIST OUTPUT.c DEPFILE   into DIST, then as C source; what Meson runs
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { embed } from "./embed.mjs";
import { generate } from "./gen.mjs";

const web = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const [dist = path.join(web, "dist"), output, depfile] = process.argv.slice(2);

/* Folders are inputs too: a file that comes or goes changes its folder. */
function* inputs(folder) {
  yield folder;
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const full = path.join(folder, entry.name);
    if (entry.name === "gen" || entry.name.endsWith(".spec.ts")) continue;
    if (entry.isDirectory()) yield* inputs(full);
    else yield full;
  }
}

function writeDepfile() {
  const files = [
    ...["src", "public", "scripts"].flatMap((name) => [...inputs(path.join(web, name))]),
    ...[
      "index.html",
      "package.json",
      "package-lock.json",
      "tsconfig.json",
      "vite.config.ts",
    ].map((name) => path.join(web, name)),
    path.join(web, "..", "proto", "mitmproxy", "v1", "mitmproxy.proto"),
    path.join(web, "..", "proto", "mitmflow", "v1", "mitmflow.proto"),
  ];
  const quoted = files.map((file) => path.resolve(file).replace(/[ #]/g, "\\$&"));
  fs.writeFileSync(depfile, `${output}: ${quoted.join(" \\\n  ")}\n`);
}

try {
  generate();
  const { build } = await import("vite");
  await build({
    root: web,
    configFile: path.join(web, "vite.config.ts"),
    logLevel: "warn",
    build: { outDir: path.resolve(dist), emptyOutDir: true },
  });
  if (output) {
    embed(dist, output);
    writeDepfile();
  }
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
