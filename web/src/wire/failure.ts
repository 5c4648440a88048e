/* Why a call failed: "Error Codes" in connectrpc.com/docs/protocol. */
export type FailureCode =
  | "canceled"
  | "unknown"
  | "invalid_argument"
  | "deadline_exceeded"
  | "not_found"
  | "already_exists"
  | "permission_denied"
  | "resource_exhausted"
  | "failed_precondition"
  | "aborted"
  | "out_of_range"
  | "unimplemented"
  | "internal"
  | "unavailable"
  | "data_loss"
  | "unauthenticated";

export interface FailureDetail {
  /* The full name of a message, and that message. */
  type: string;
  value: Uint8Array;
}

export class Failure extends Error {
  constructor(
    message: string,
    readonly code: FailureCode,
    readonly details: readonly FailureDetail[] = [],
    cause?: unknown,
  ) {
    super(message, { cause });
    this.name = "Failure";
  }

  /* Anything that was thrown, as one. */
  static from(thrown: unknown): Failure {
    if (thrown instanceof Failure) return thrown;
    if (!(thrown instanceof Error)) return new Failure(String(thrown), "unknown");
    if (thrown.name === "TimeoutError")
      return new Failure("the call took too long", "deadline_exceeded", [], thrown);
    const code = thrown.name === "AbortError" ? "canceled" : "unknown";
    return new Failure(thrown.message, code, [], thrown);
  }
}

/* What went wrong, for a reader. */
export function wordsOf(thrown: unknown): string {
  return Failure.from(thrown).message;
}

/* "HTTP to Error Code" in the protocol. */
export function codeOfStatus(status: number): FailureCode {
  const codes: Record<number, FailureCode> = {
    400: "internal",
    401: "unauthenticated",
    403: "permission_denied",
    404: "unimplemented",
    429: "unavailable",
    502: "unavailable",
    503: "unavailable",
    504: "unavailable",
  };
  return codes[status] ?? "unknown";
}

/* An error as the protocol writes it in JSON. */
export function failureOfJson(json: unknown, fallback: FailureCode): Failure {
  const { code, message, details } = Object(json) as Record<string, unknown>;
  return new Failure(
    typeof message === "string" ? message : "",
    typeof code === "string" ? (code as FailureCode) : fallback,
    (Array.isArray(details) ? details : []).map(({ type, value }) => ({
      type: String(type),
      value: Uint8Array.from(atob(String(value)), (letter) => letter.charCodeAt(0)),
    })),
  );
}
