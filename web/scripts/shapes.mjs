// Writes what the page needs to know of messages and methods to read and write
// them (src/wire/codec.ts) as plain tables: the descriptors that protoc-gen-es
// embeds take longer to set up than all else of the page.
import { createFileRegistry, fromBinary, ScalarType } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

/* `set`: a FileDescriptorSet; the source text of a module. */
export function shapesOf(set, serviceName) {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, set));
  const service = registry.getService(serviceName);
  const shapes = new Map();
  const methods = service.methods.map((method) => {
    collect(method.input, shapes);
    collect(method.output, shapes);
    return [
      method.localName,
      [method.name, method.input.typeName, method.output.typeName, method.methodKind],
    ];
  });
  return [
    `// Made by scripts/shapes.mjs from ${service.file.name}.proto.`,
    `import type { MethodShape, Shapes } from "../wire/shape";`,
    `export const serviceName = ${JSON.stringify(serviceName)};`,
    `export const methods: Record<string, MethodShape> = ${table(methods)};`,
    `export const shapes: Shapes = ${table([...shapes])};`,
    "",
  ].join("\n");
}

function table(entries) {
  const lines = entries.map(([key, value]) => `  "${key}": ${JSON.stringify(value)},\n`);
  return `{\n${lines.join("")}}`;
}

function collect(message, shapes) {
  if (shapes.has(message.typeName)) return;
  shapes.set(message.typeName, message.fields.map(shapeOf));
  for (const field of message.fields) if (field.message) collect(field.message, shapes);
}

/* As `FieldShape` in src/wire/shape.ts says. */
function shapeOf(field) {
  if (field.fieldKind === "map" && field.mapKey !== ScalarType.STRING)
    throw new Error(`${field}: the page's codec knows keys of text alone`);
  const type = field.message
    ? field.message.typeName
    : field.enum
      ? "int32"
      : ScalarType[field.scalar].toLowerCase();
  const shape = [field.number, field.localName, type];
  if (field.fieldKind === "list" || field.fieldKind === "map")
    shape.push(field.fieldKind);
  if (field.oneof) shape.push("oneof", field.oneof.localName);
  return shape;
}
