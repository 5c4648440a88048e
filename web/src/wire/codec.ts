import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { FieldShape, ScalarName, Shapes } from "./shape";
import { textOf } from "./text";

/*
 * Messages in the binary format of Protocol Buffers
 * (protobuf.dev/programming-guides/encoding) and as the plain objects that
 * protoc-gen-es describes. Its own runtime sets itself up for 80 ms before the
 * first row, and as long again in the worker; tables need no setting up.
 */
type Message = Record<string, unknown>;

interface Oneof {
  case: string | undefined;
  value?: unknown;
}

interface Scalar {
  wireType: WireType;
  zero: unknown;
  read(reader: BinaryReader): unknown;
  write(writer: BinaryWriter, value: never): unknown;
}

const varint = WireType.Varint;
const noBytes = new Uint8Array(0);

const scalars: Record<ScalarName, Scalar> = {
  double: {
    wireType: WireType.Bit64,
    zero: 0,
    read: (from) => from.double(),
    write: (to, value: number) => to.double(value),
  },
  int64: {
    wireType: varint,
    zero: 0n,
    read: (from) => BigInt(from.int64()),
    write: (to, value: bigint) => to.int64(value),
  },
  uint64: {
    wireType: varint,
    zero: 0n,
    read: (from) => BigInt(from.uint64()),
    write: (to, value: bigint) => to.uint64(value),
  },
  int32: {
    wireType: varint,
    zero: 0,
    read: (from) => from.int32(),
    write: (to, value: number) => to.int32(value),
  },
  uint32: {
    wireType: varint,
    zero: 0,
    read: (from) => from.uint32(),
    write: (to, value: number) => to.uint32(value),
  },
  bool: {
    wireType: varint,
    zero: false,
    read: (from) => from.bool(),
    write: (to, value: boolean) => to.bool(value),
  },
  string: {
    wireType: WireType.LengthDelimited,
    zero: "",
    read: (from) => from.string(),
    write: (to, value: string) => to.string(value),
  },
  bytes: {
    wireType: WireType.LengthDelimited,
    zero: noBytes,
    read: (from) => from.bytes(),
    write: (to, value: Uint8Array) => to.bytes(value),
  },
};

/* Reads and writes the messages of some tables. Reading throws where bytes
 * break off or nest too deep; fields that the tables lack are passed over. */
export class Codec {
  private readonly byNumber = new Map<string, Map<number, FieldShape>>();

  constructor(private readonly shapes: Shapes) {}

  decode(type: string, bytes: Uint8Array): Message {
    const reader = new BinaryReader(bytes, textOf);
    return this.read(type, reader, reader.len);
  }

  /* What is undefined or as it is by default is not written. */
  encode(type: string, message: Message): Uint8Array<ArrayBuffer> {
    const writer = new BinaryWriter();
    this.write(type, writer, message);
    return new Uint8Array(writer.finish());
  }

  private fieldsOf(type: string): readonly FieldShape[] {
    const fields = this.shapes[type];
    if (!fields) throw new Error(`no table of ${type}`);
    return fields;
  }

  private numbersOf(type: string): Map<number, FieldShape> {
    const known = this.byNumber.get(type);
    if (known) return known;
    const made = new Map(this.fieldsOf(type).map((field) => [field[0], field]));
    this.byNumber.set(type, made);
    return made;
  }

  private empty(type: string): Message {
    const message: Message = {};
    for (const [, name, of, kind, oneof] of this.fieldsOf(type)) {
      if (kind === "list") message[name] = [];
      else if (kind === "map") message[name] = {};
      else if (kind === "oneof") message[oneof] = { case: undefined };
      else message[name] = scalars[of as ScalarName]?.zero;
    }
    return message;
  }

  private read(type: string, reader: BinaryReader, end: number): Message {
    const message = this.empty(type);
    const numbers = this.numbersOf(type);
    while (reader.pos < end) {
      const [number, wireType] = reader.tag();
      const field = numbers.get(number);
      if (!field || !this.take(message, field, wireType, reader))
        reader.skip(wireType, number);
    }
    if (reader.pos > end) throw new RangeError("a message breaks off");
    return message;
  }

  /* False: the field came in a form that is not its own. */
  private take(
    message: Message,
    [, name, type, kind, oneof]: FieldShape,
    wireType: WireType,
    reader: BinaryReader,
  ): boolean {
    const scalar = scalars[type as ScalarName];
    const own = scalar && kind !== "map" ? scalar.wireType : WireType.LengthDelimited;
    if (kind === "list" && scalar && own !== wireType) {
      if (wireType !== WireType.LengthDelimited) return false;
      // Packed.
      const list = message[name] as unknown[];
      const end = reader.uint32() + reader.pos;
      while (reader.pos < end) list.push(scalar.read(reader));
      return true;
    }
    if (own !== wireType) return false;
    const value =
      kind === "map"
        ? this.readEntry(message[name] as Message, type, reader)
        : this.readValue(type, reader);
    if (kind === "list") (message[name] as unknown[]).push(value);
    else if (kind === "oneof") message[oneof] = { case: name, value };
    else if (kind !== "map") message[name] = value;
    return true;
  }

  private readValue(type: string, reader: BinaryReader): unknown {
    const scalar = scalars[type as ScalarName];
    if (scalar) return scalar.read(reader);
    const length = reader.uint32();
    return this.read(type, reader, reader.pos + length);
  }

  private readEntry(map: Message, type: string, reader: BinaryReader): void {
    const end = reader.uint32() + reader.pos;
    let key = "";
    let value = scalars[type as ScalarName]?.zero;
    while (reader.pos < end) {
      const [number, wireType] = reader.tag();
      if (number === 1) key = reader.string();
      else if (number === 2) value = this.readValue(type, reader);
      else reader.skip(wireType, number);
    }
    // A captured name may be __proto__.
    Object.defineProperty(map, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }

  private write(type: string, writer: BinaryWriter, message: Message): void {
    for (const [number, name, of, kind, oneof] of this.fieldsOf(type)) {
      if (kind === "oneof") {
        const chosen = message[oneof] as Oneof | undefined;
        if (chosen?.case === name) this.writeField(number, of, writer, chosen.value);
      } else if (kind === "list") {
        for (const value of (message[name] as unknown[] | undefined) ?? [])
          this.writeField(number, of, writer, value);
      } else if (kind === "map") {
        throw new Error("maps are not written: no request has any");
      } else if (message[name] !== undefined) {
        if (message[name] !== scalars[of as ScalarName]?.zero)
          this.writeField(number, of, writer, message[name]);
      }
    }
  }

  private writeField(
    number: number,
    type: string,
    writer: BinaryWriter,
    value: unknown,
  ): void {
    const scalar = scalars[type as ScalarName];
    if (scalar) {
      scalar.write(writer.tag(number, scalar.wireType), value as never);
      return;
    }
    writer.tag(number, WireType.LengthDelimited).fork();
    this.write(type, writer, value as Message);
    writer.join();
  }
}
