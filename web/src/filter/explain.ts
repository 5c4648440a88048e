import { api, callTimeoutMs } from "../connection/api";
import { FilterTokenKind } from "../gen/mitmflow/v1/mitmflow_pb";
import { type Explanation, type InkKind, inkOf } from "./explanation";

const kinds: Partial<Record<FilterTokenKind, InkKind>> = {
  [FilterTokenKind.OPERATOR]: "operator",
  [FilterTokenKind.WORD]: "word",
  [FilterTokenKind.REGEX]: "regex",
  [FilterTokenKind.VALUE]: "value",
  [FilterTokenKind.CONNECTIVE]: "connective",
  [FilterTokenKind.PAREN]: "paren",
};

/* Asks the server, whose parser is the one that searches. */
export async function explain(
  filter: string,
  signal?: AbortSignal,
): Promise<Explanation> {
  const { tokens, words, error } = await api.explainFilter(
    { expression: filter },
    { signal, timeoutMs: callTimeoutMs },
  );
  const places = tokens.map(({ kind, position, length }) => ({
    kind: kinds[kind] ?? "word",
    position,
    length,
  }));
  return { filter, ink: inkOf(filter, places), words, fault: error ?? null };
}

/* An operator of the language. */
export interface Operator {
  /* With its ~. */
  name: string;
  finds: string;
  takesOperand: boolean;
}

let operators: Promise<readonly Operator[]> | null = null;

/* All that the server knows. */
export function allOperators(): Promise<readonly Operator[]> {
  operators ??= api
    .explainFilter({ withOperators: true }, { timeoutMs: callTimeoutMs })
    .then((answer) =>
      answer.operators.map(({ name, finds, operand }) => ({
        name,
        finds,
        takesOperand: operand !== FilterTokenKind.UNSPECIFIED,
      })),
    )
    .catch((error) => {
      operators = null;
      throw error;
    });
  return operators;
}
