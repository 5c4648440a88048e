// Generates src/gen from the project's .proto files with protoc.
//
// Two builds may run at once: files are made in a folder of their own and
// moved into place one by one, and only where they differ.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { shapesOf } from "./shapes.mjs";

const web = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const proto = path.join(web, "..", "proto");
const inputs = ["mitmproxy/v1/mitmproxy.proto", "mitmflow/v1/mitmflow.proto"];

export function generate() {
  const plugin = path.join(web, "node_modules", ".bin", "protoc-gen-es");
  if (!fs.existsSync(plugin)) {
    throw new Error(
      "web: node_modules is missing; run script/bootstrap, or `npm ci` in web/",
    );
  }
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "mitmflow-gen-"));
  try {
    const args = [`--plugin=protoc-gen-es=${plugin}`, `--es_out=${scratch}`];
    const set = path.join(scratch, "set.pb");
    args.push("--es_opt=target=ts", "--include_imports", `--descriptor_set_out=${set}`);
    execFileSync("protoc", [...args, "-I", proto, ...inputs], { stdio: "inherit" });
    const shapes = shapesOf(fs.readFileSync(set), "mitmflow.v1.Service");
    fs.writeFileSync(path.join(scratch, "shapes.ts"), shapes);
    const types = inputs.map((input) => input.replace(/\.proto$/, "_pb.ts"));
    for (const name of [...types, "shapes.ts"])
      moveIfChanged(path.join(scratch, name), path.join(web, "src", "gen", name));
  } finally {
    fs.rmSync(scratch, { recursive: true });
  }
}

function moveIfChanged(from, to) {
  const made = fs.readFileSync(from);
  if (fs.existsSync(to) && fs.readFileSync(to).equals(made)) return;
  fs.mkdirSync(path.dirname(to), { recursive: true });
  const partial = `${to}.${process.pid}`;
  fs.writeFileSync(partial, made);
  fs.renameSync(partial, to);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) generate();
