/* What the tables that scripts/shapes.mjs writes are made of. */

/* Scalars by their names in .proto files; enumerations are int32. */
export type ScalarName =
  | "double"
  | "int64"
  | "uint64"
  | "int32"
  | "uint32"
  | "bool"
  | "string"
  | "bytes";

/*
 * Number, name on the object, and type: a scalar or the full name of a message;
 * of a map, whose keys are texts, that of its values. A member of a oneof has
 * the name of that too.
 */
export type FieldShape = readonly [
  number: number,
  name: string,
  type: string,
  ...(
    | readonly [kind?: undefined, oneof?: undefined]
    | readonly [kind: "list" | "map", oneof?: undefined]
    | readonly [kind: "oneof", oneof: string]
  ),
];

/* Messages by their full names. */
export type Shapes = Readonly<Record<string, readonly FieldShape[]>>;

export type MethodShape = readonly [
  name: string,
  input: string,
  output: string,
  kind: "unary" | "server_streaming",
];
