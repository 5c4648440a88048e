import { api } from "../connection/api";
import { BodyForm } from "../gen/mitmflow/v1/mitmflow_pb";
import { BodyLoader } from "./BodyLoader";
import { type BodySource, bodyRef } from "./source";

/* Gets a body from the server, decoded or as it was on the wire. */
export function bodyLoader(source: BodySource, raw: boolean): BodyLoader {
  const body = bodyRef(source);
  const form = raw ? BodyForm.RAW : BodyForm.UNSPECIFIED;
  return new BodyLoader(({ offset, length }, signal) =>
    api.getBody(
      { body, form, offset: BigInt(offset), length: BigInt(length) },
      { signal },
    ),
  );
}
