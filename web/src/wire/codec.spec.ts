import {
  create,
  createRegistry,
  type DescField,
  type DescMessage,
  fromBinary,
  type Message,
  ScalarType,
  toBinary,
} from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { file_mitmflow_v1_mitmflow } from "../gen/mitmflow/v1/mitmflow_pb";
import { file_mitmproxy_v1_mitmproxy } from "../gen/mitmproxy/v1/mitmproxy_pb";
import { shapes } from "../gen/shapes";
import { Codec } from "./codec";

const codec = new Codec(shapes);
const registry = createRegistry(
  file_mitmflow_v1_mitmflow,
  file_mitmproxy_v1_mitmproxy,
  TimestampSchema,
);

function descOf(type: string): DescMessage {
  const desc = registry.getMessage(type);
  if (!desc) throw new Error(`no ${type}`);
  return desc;
}

// Each field another value, at the ends of what its type holds too.
let seed = 0;
function scalarOf(type: ScalarType): unknown {
  seed++;
  const far = seed % 3 === 0;
  switch (type) {
    case ScalarType.STRING:
      return `text ${seed} \u00e4\u{1f600}`;
    case ScalarType.BYTES:
      return new Uint8Array([seed & 255, 0, 255]);
    case ScalarType.BOOL:
      return true;
    case ScalarType.DOUBLE:
      return seed / 7;
    case ScalarType.INT32:
      return far ? -2147483648 : seed;
    case ScalarType.UINT32:
      return far ? 4294967295 : seed;
    case ScalarType.INT64:
      return far ? -(2n ** 63n) : BigInt(seed);
    case ScalarType.UINT64:
      return far ? 2n ** 64n - 1n : BigInt(seed);
    default:
      throw new Error(`no value of ${ScalarType[type]}`);
  }
}

function someOf(field: DescField, depth: number): unknown {
  if (field.message) return filled(field.message, depth + 1);
  return field.enum ? 1 : scalarOf(field.scalar as ScalarType);
}

/* A message with all its fields, of oneofs the `member`th. */
function filled(desc: DescMessage, depth = 0, member = 0): Message {
  const init: Record<string, unknown> = {};
  if (depth > 3) return create(desc);
  for (const field of desc.fields) {
    const { localName: name, oneof, fieldKind } = field;
    if (oneof) {
      const chosen = oneof.fields[member % oneof.fields.length];
      if (chosen === field)
        init[oneof.localName] = { case: name, value: someOf(field, depth) };
    } else if (fieldKind === "list") {
      init[name] = [someOf(field, depth), someOf(field, depth)];
    } else if (fieldKind === "map") {
      init[name] = { a: someOf(field, depth), "": someOf(field, depth) };
    } else {
      init[name] = someOf(field, depth);
    }
  }
  return create(desc, init);
}

/* What a message says, without what only that runtime keeps in it. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array)
    return value;
  const kept: Record<string, unknown> = {};
  const all = value as Record<string, unknown>;
  // Defaults of scalars may be inherited.
  for (const name in all) if (name !== "$typeName") kept[name] = plain(all[name]);
  return kept;
}

const types = Object.keys(shapes);
const members = [0, 1, 2, 3, 4];

describe("the codec, beside the runtime of protoc-gen-es", () => {
  it.each(types)("reads the same of a full %s", (type) => {
    const desc = descOf(type);
    for (const member of members) {
      const bytes = toBinary(desc, filled(desc, 0, member));
      const expected = plain(fromBinary(desc, bytes));
      expect(plain(codec.decode(type, bytes))).toEqual(expected);
    }
  });

  it.each(types)("reads the same of an empty %s", (type) => {
    const desc = descOf(type);
    const read = codec.decode(type, new Uint8Array());
    expect(plain(read)).toEqual(plain(create(desc)));
  });

  it.each(types.filter((type) => /^mitmflow.*Request$/.test(type)))(
    "writes the same for a %s",
    (type) => {
      const desc = descOf(type);
      const message = filled(desc);
      const bytes = codec.encode(type, message as never);
      expect(plain(fromBinary(desc, bytes))).toEqual(plain(message));
      expect(codec.encode(type, {})).toHaveLength(0);
    },
  );
});

it("never has to read a message within another of its kind", () => {
  const within = (type: string, outer: readonly string[]): void => {
    expect(outer).not.toContain(type);
    for (const [, , of] of shapes[type] ?? [])
      if (shapes[of]) within(of, [...outer, type]);
  };
  for (const type of types) within(type, []);
});

describe("bytes that are not what they should be", () => {
  const type = "mitmflow.v1.FlowSummary";
  const whole = toBinary(descOf(type), filled(descOf(type)));

  it("throws wherever they break off, or reads what is there, and ends", () => {
    for (let length = 0; length < whole.length; length++) {
      const piece = whole.slice(0, length);
      const read = (() => {
        try {
          return codec.decode(type, piece);
        } catch (error) {
          return error as Error;
        }
      })();
      expect(read).toBeDefined();
    }
    // In the middle of the first field, a text.
    expect(() => codec.decode(type, whole.slice(0, 3))).toThrow();
  });

  it("passes over fields that it does not know, and known ones in a wrong form", () => {
    const unknown = [0xf8, 0x7f, 1];
    const pinnedAsText = [0x22, 1, 65];
    const bytes = Uint8Array.from([...unknown, ...pinnedAsText, ...whole]);
    expect(plain(codec.decode(type, bytes))).toEqual(plain(codec.decode(type, whole)));
  });

  it("takes packed numbers and unpacked ones", () => {
    const packed = Uint8Array.from([0x12, 3, 1, 0x80, 1]);
    const single = Uint8Array.from([0x10, 1, 0x10, 0x80, 1]);
    const numbers = [1n, 128n];
    for (const bytes of [packed, single])
      expect(codec.decode("mitmflow.v1.MatchFlowsRequest", bytes).numbers).toEqual(
        numbers,
      );
  });
});
