/**
 * A fake server for unit tests: answers that the test lays out, and a record of what the plugin did. Needs no WebAssembly.
 *
 *     const host = new FakeHost({ settings: { limit: 3 } }).answer(200, "hello");
 *     host.send({ url: "https://example.com" }).text(100);   // "hello"
 *     host.requests[0].url;                                  // "https://example.com"
 */

import type { Batch, Schema } from "./batch.ts";
import { Rows, within, wordsOf, type RedisCommand, type RedisValue, type Transaction } from "./database.ts";
import { PluginError } from "./error.ts";
import { bytesOf, Response, type Connection, type Host, type Level, type Request } from "./host.ts";
import type { Message } from "./kinds.ts";
import { decodeText } from "./text.ts";

/** Stands for the server. */
export class FakeHost implements Host {
  /** What was asked so far. */
  readonly requests: Request[] = [];
  /** What was logged so far. */
  readonly lines: { level: Level; message: string; fields: Record<string, string> }[] = [];
  /** What progress was reported so far. */
  readonly reports: { done: number; total: number | undefined; unit: string }[] = [];
  /** The plugin's memory. */
  readonly memory = new Map<string, Uint8Array>();
  /** Statements so far, each behind its connection: `store: SELECT 1`, `store: BEGIN`, `store: WRITE t 3`. */
  readonly statements: string[] = [];
  /** Commands of Redis so far, each behind its connection: `cache: GET a`. */
  readonly redisCommands: string[] = [];
  /** What the clock says, in microseconds since 1970. */
  time = 0;
  readonly #settings: unknown;
  readonly #secrets: Record<string, string>;
  readonly #answers: (() => Response)[] = [];
  readonly #rows: (() => Rows)[] = [];
  readonly #changes: (number | PluginError)[] = [];
  readonly #redis: RedisValue[] = [];
  #peer: ((bytes: Uint8Array) => Uint8Array) | undefined;

  constructor({ settings = {}, secrets = {} }: { settings?: unknown; secrets?: Record<string, string> } = {}) {
    this.#settings = settings;
    this.#secrets = secrets;
  }

  /** The answer to the next request that has none yet. */
  answer(status: number, body: string | Uint8Array = "", headers: Record<string, string> = {}): this {
    this.#answers.push(() => new Response(status, Object.entries(headers), fakeBody(bytesOf(body))));
    return this;
  }

  /** The error that the next request without an answer meets. */
  fail(error: PluginError): this {
    this.#answers.push(() => {
      throw error;
    });
    return this;
  }

  /** The other end of all connections: gets what each write sent, and answers at once. */
  peer(answer: (bytes: Uint8Array) => Uint8Array): this {
    this.#peer = answer;
    return this;
  }

  /** The answer to the next query that has none yet. */
  rows(columns: Schema, ...batches: Batch[]): this {
    const left = [...batches];
    this.#rows.push(() => new Rows(columns, () => left.shift(), () => {}));
    return this;
  }

  /** The error that the next query without an answer meets. */
  failQuery(error: PluginError): this {
    this.#rows.push(() => {
      throw error;
    });
    return this;
  }

  /**
   * How many rows the next statements in transactions say they changed, or the error that they meet; those beyond change as
   * many as they have parameters.
   */
  changes(...counts: (number | PluginError)[]): this {
    this.#changes.push(...counts);
    return this;
  }

  /** The answers to the next commands of Redis; those that have none are answered with `null`. */
  redisAnswers(...answers: RedisValue[]): this {
    this.#redis.push(...answers);
    return this;
  }

  settings<T>(): T {
    return JSON.parse(JSON.stringify(this.#settings)) as T;
  }

  log(level: Level, message: string, fields: Record<string, string> = {}): void {
    this.lines.push({ level, message, fields });
  }

  progress(done: number, total: number | undefined, unit: string): void {
    this.reports.push({ done, total, unit });
  }

  secret(name: string): string {
    const found = this.#secrets[name];
    if (found === undefined) throw new PluginError("denied", `secret \`${name}\` was not granted`);
    return found;
  }

  findSecret(name: string): string | undefined {
    return this.#secrets[name];
  }

  send(request: Request): Response {
    this.requests.push(request);
    const next = this.#answers.shift();
    if (next === undefined) throw PluginError.permanent(`the test laid out no answer for \`${request.url}\``);
    return next();
  }

  now(): number {
    return this.time;
  }

  sleep(milliseconds: number): void {
    this.time += Math.round(milliseconds * 1000);
  }

  get(key: string): Uint8Array | undefined {
    return this.memory.get(key);
  }

  set(key: string, value: Uint8Array | string): void {
    this.memory.set(key, bytesOf(value));
  }

  delete(key: string): void {
    this.memory.delete(key);
  }

  connect(host: string, port: number): Connection {
    const answer = this.#peer;
    if (answer === undefined) throw PluginError.transient(`the test has no peer at \`${host}:${port}\``);
    let waiting: number[] = [];
    return {
      // In small pieces, as networks do.
      read: (maxBytes) => Uint8Array.from(waiting.splice(0, Math.min(maxBytes, 7))),
      write: (bytes) => {
        waiting = [...waiting, ...answer(bytes)];
      },
      startTls: () => {},
    };
  }

  query(connection: string, statement: string): Rows {
    this.statements.push(`${connection}: ${statement}`);
    const next = this.#rows.shift();
    if (next === undefined) throw PluginError.permanent(`the test laid out no rows for \`${statement}\``);
    return next();
  }

  begin(connection: string): Transaction {
    const note = (what: string) => this.statements.push(`${connection}: ${what}`);
    let over = false;
    const still = () => {
      if (over) throw PluginError.permanent("the transaction has ended");
    };
    note("BEGIN");
    return {
      execute: (statement, _, parameters) => {
        still();
        note(statement);
        const changed = this.#changes.shift() ?? parameters?.rows ?? 0;
        if (typeof changed === "number") return changed;
        throw changed;
      },
      write: (table, _, rows) => {
        still();
        note(`WRITE ${table} ${rows.rows}`);
        return rows.rows;
      },
      commit: () => {
        still();
        note("COMMIT");
        over = true;
      },
      rollback: () => {
        if (!over) note("ROLLBACK");
        over = true;
      },
    };
  }

  transaction<T>(connection: string, work: (transaction: Transaction) => T): T {
    return within(this.begin(connection), work);
  }

  redis(connection: string, ...commands: RedisCommand[]): RedisValue[] {
    return commands.map((command) => {
      this.redisCommands.push(`${connection}: ${wordsOf(command).map(decodeText).join(" ")}`);
      return this.#redis.shift() ?? null;
    });
  }
}

function fakeBody(bytes: Uint8Array) {
  let start = 0;
  return {
    read: (maxBytes: number) => {
      if (start >= bytes.length) return null;
      const piece = bytes.slice(start, start + maxBytes);
      start += piece.length;
      return piece;
    },
    readAll: (limit: number) => {
      const rest = bytes.slice(start);
      start = bytes.length;
      if (rest.length > limit) throw PluginError.permanent(`the answer is longer than ${limit} bytes`);
      return rest;
    },
  };
}

/** The JSON that a request sent. */
export function jsonBody(request: Request | undefined): unknown {
  return JSON.parse(decodeText(bytesOf(request?.body ?? "")));
}

/** An alert with what gets in a channel's way: markup, mentions and line breaks where plain text belongs. */
export function alert(text: string): Message {
  return {
    id: "run_7/tell",
    severity: "critical",
    title: "load <b>failed</b> & stopped",
    text,
    fields: [["workflow", "market-day"], ["error", "a < b\n@all"]],
    link: "https://sluice.example/runs/7?a=1&b=2",
  };
}

/** What the call throws; fails where it throws nothing. */
export function errorOf(call: () => unknown): PluginError {
  try {
    call();
  } catch (thrown) {
    if (thrown instanceof PluginError) return thrown;
    throw thrown;
  }
  throw new Error("nothing was thrown");
}
