/** SQL and Redis on granted connections: what `Host.query`, `Host.begin`, `Host.transaction` and `Host.redis` give. */

import type { Batch, Schema, Value } from "./batch.ts";
import { bytesOf } from "./host.ts";

/** Rows of an answer: iterate over them, or close them where the rest is not wanted. */
export class Rows implements Iterable<Batch> {
  readonly columns: Schema;
  readonly #next: () => Batch | undefined;
  #close: (() => void) | undefined;

  constructor(columns: Schema, next: () => Batch | undefined, close: () => void) {
    this.columns = columns;
    this.#next = next;
    this.#close = close;
  }

  /** The next rows; nothing at the end. */
  next(): Batch | undefined {
    if (this.#close === undefined) return undefined;
    const batch = this.#next();
    if (batch === undefined) this.close();
    return batch;
  }

  /** Ends the query; once it has ended, nothing. */
  close(): void {
    const close = this.#close;
    this.#close = undefined;
    close?.();
  }

  /** Batch by batch; whoever leaves the loop ends the query. */
  *[Symbol.iterator](): Generator<Batch, void> {
    try {
      for (let batch = this.next(); batch !== undefined; batch = this.next()) yield batch;
    } finally {
      this.close();
    }
  }

  /** Row by row, as objects: easy, and slower than going by columns. */
  *objects(): Generator<Record<string, Value>, void> {
    for (const batch of this) yield* batch.objects(this.columns);
  }
}

/** A transaction. After an error it is over. */
export interface Transaction {
  /** Runs a statement, once for each row of `parameters`, whose column n is placeholder n; tells how many rows it changed. */
  execute(statement: string, columns?: Schema, parameters?: Batch): number;
  /** Adds rows to a table that is there, by the system's fastest way. */
  write(table: string, columns: Schema, rows: Batch): number;
  /** Makes it durable. */
  commit(): void;
  /** Undoes what was not committed; after a commit, nothing. */
  rollback(): void;
}

/** Runs the work and commits; where it throws, nothing is left of it. */
export function within<T>(transaction: Transaction, work: (transaction: Transaction) => T): T {
  try {
    const outcome = work(transaction);
    transaction.commit();
    return outcome;
  } finally {
    transaction.rollback();
  }
}

/** A command of Redis: its name and arguments. */
export type RedisCommand = (string | number | bigint | Uint8Array)[];

/**
 * An answer of Redis; in a list, what is not there has no bytes. `decodeText` makes text of bytes.
 * A number beyond 2⁵³ comes rounded by the engine: read it by a command that answers with text, such as `GET`.
 */
export type RedisValue = null | number | Uint8Array | Uint8Array[];

/** A command as bytes. */
export function wordsOf(command: RedisCommand): Uint8Array[] {
  return command.map((word) => (word instanceof Uint8Array ? word : bytesOf(String(word))));
}
