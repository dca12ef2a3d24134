/** What went wrong, in the words of the contract. */

export type ErrorKind = "config" | "auth" | "denied" | "transient" | "data" | "permanent";

/** Throw one: the server tells the user, and tries again only where the kind is `transient`. */
export class PluginError extends Error {
  readonly kind: ErrorKind;
  /** The setting that is wrong: "url". */
  readonly field: string | null;
  /** The row that is wrong, from 0 within the batch. */
  readonly row: number | null;
  /** How long the other side asked to be left alone. */
  readonly retryAfterMs: number | null;
  /** Named facts for the log. */
  readonly details: [string, string][];

  constructor(
    kind: ErrorKind,
    message: string,
    more: { field?: string; row?: number; retryAfterMs?: number; details?: [string, string][] } = {},
  ) {
    super(message);
    this.name = "PluginError";
    this.kind = kind;
    this.field = more.field ?? null;
    this.row = more.row ?? null;
    this.retryAfterMs = more.retryAfterMs ?? null;
    this.details = more.details ?? [];
  }

  /** A setting is wrong. */
  static config(field: string, message: string): PluginError {
    return new PluginError("config", message, { field });
  }

  /** Trying again may help. */
  static transient(message: string): PluginError {
    return new PluginError("transient", message);
  }

  /** Trying again will not help. */
  static permanent(message: string): PluginError {
    return new PluginError("permanent", message);
  }
}

/** The contract's record of an error. */
export interface ErrorRecord {
  kind: ErrorKind;
  message: string;
  field?: string | null;
  row?: number | null;
  retryAfterMs?: number | bigint | null;
  details: [string, string][];
}

/** Whatever was thrown, as the contract's record: a mistake of the plugin is `permanent` and says where it happened. */
export function toRecord(thrown: unknown): ErrorRecord {
  const error = toError(thrown);
  const { kind, message, field, row, retryAfterMs, details } = error;
  return { kind, message, field, row, retryAfterMs, details };
}

/** Whatever was thrown, as a `PluginError`; the host's own errors come as records. */
export function toError(thrown: unknown): PluginError {
  if (thrown instanceof PluginError) return thrown;
  const record = unwrap(thrown);
  if (record !== undefined) {
    return new PluginError(record.kind, record.message, {
      field: record.field ?? undefined,
      row: record.row ?? undefined,
      retryAfterMs: record.retryAfterMs == null ? undefined : Number(record.retryAfterMs),
      details: record.details,
    });
  }
  if (thrown instanceof Error) {
    const place = (thrown.stack ?? "").split("\n").slice(0, 6).map((line) => line.trim()).join(" < ");
    return new PluginError("permanent", `${thrown.name}: ${thrown.message}`, { details: [["stack", place]] });
  }
  return new PluginError("permanent", String(thrown));
}

function unwrap(thrown: unknown): ErrorRecord | undefined {
  if (typeof thrown !== "object" || thrown === null) return undefined;
  const record = "payload" in thrown ? thrown.payload : thrown;
  const isRecord = typeof record === "object" && record !== null && "kind" in record && "details" in record;
  return isRecord ? (record as ErrorRecord) : undefined;
}
