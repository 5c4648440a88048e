import type { BodyPlace } from "../gen/mitmflow/v1/mitmflow_pb";

/* One body, of one version of its flow. */
export interface BodySource {
  number: number;
  place: BodyPlace;
  /* Which message, where `place` is that. */
  index?: number;
  change: string;
}

export function bodyRef({ number, place, index = 0 }: BodySource) {
  return { number: BigInt(number), place, messageIndex: BigInt(index) };
}

export function sameSource(a: BodySource, b: BodySource): boolean {
  return (
    a.number === b.number &&
    a.place === b.place &&
    a.index === b.index &&
    a.change === b.change
  );
}
