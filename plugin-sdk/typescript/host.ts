/** What a plugin reaches through the server; anything but settings, log and progress must be asked for and granted. */

import type { RedisCommand, RedisValue, Rows, Transaction } from "./database.ts";
import { PluginError, type ErrorKind } from "./error.ts";
import { decodeText, encodeText } from "./text.ts";

export type Level = "trace" | "debug" | "info" | "warn" | "error";
export type Method = "get" | "head" | "post" | "put" | "patch" | "delete";

/** What to ask of a service. */
export interface Request {
  method?: Method;
  url: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  timeoutMs?: number;
}

/** The server, as a plugin sees it. */
export interface Host {
  /** The settings, already held against the config schema in `plugin.toml`. */
  settings<T>(): T;
  log(level: Level, message: string, fields?: Record<string, string>): void;
  progress(done: number, total: number | undefined, unit: string): void;
  /** A granted secret; throws where it was not granted. */
  secret(name: string): string;
  /** A granted secret, or nothing. */
  findSecret(name: string): string | undefined;
  /** Capability `http`. Any status is an answer; see `Response.success`. */
  send(request: Request): Response;
  /** Capability `clock`: microseconds since 1970. */
  now(): number;
  /** Capability `clock`: waits. */
  sleep(milliseconds: number): void;
  /** Capability `kv`. */
  get(key: string): Uint8Array | undefined;
  set(key: string, value: Uint8Array | string): void;
  delete(key: string): void;
  /** Capability `tcp`. */
  connect(host: string, port: number, timeoutMs?: number): Connection;
  /** Capability `sql`: rows by a statement that only reads, on the connection granted under that name of the manifest. */
  query(connection: string, statement: string): Rows;
  /** Capability `sql`, granted for writing: a transaction that the plugin commits or rolls back itself. */
  begin(connection: string): Transaction;
  /** The same, committed when the work is done and rolled back where it throws. */
  transaction<T>(connection: string, work: (transaction: Transaction) => T): T;
  /** Capability `redis`: commands as one pipeline, and one answer for each. */
  redis(connection: string, ...commands: RedisCommand[]): RedisValue[];
}

/** The body of an answer. */
export interface Body {
  read(maxBytes: number): Uint8Array | null | undefined;
  readAll(limit: number): Uint8Array;
}

/** A plain connection; reading nothing means that the other side closed it. */
export interface Connection {
  read(maxBytes: number): Uint8Array;
  write(bytes: Uint8Array): void;
  startTls(serverName: string): void;
}

/** The answer of a service. */
export class Response {
  readonly status: number;
  /** Names in lowercase. */
  readonly headers: [string, string][];
  readonly body: Body;

  constructor(status: number, headers: [string, string][], body: Body) {
    this.status = status;
    this.headers = headers;
    this.body = body;
  }

  header(name: string): string | undefined {
    return this.headers.find(([it]) => it === name.toLowerCase())?.[1];
  }

  /** This answer where its status is 2xx; else an error: 429 and 5xx may be tried again, 401 and 403 are `auth`. */
  success(who: string): Response {
    if (this.status >= 200 && this.status < 300) return this;
    let said = "";
    try {
      said = this.text(4096).trim().slice(0, 200);
    } catch {
      // What it says besides is of no weight.
    }
    const wait = Number(this.header("retry-after"));
    const retryAfterMs = Number.isFinite(wait) && wait > 0 ? wait * 1000 : undefined;
    const message = `${who} answered with status ${this.status}${said === "" ? "" : `: ${said}`}`;
    throw new PluginError(kindOf(this.status), message, { retryAfterMs });
  }

  bytes(limit: number): Uint8Array {
    return this.body.readAll(limit);
  }

  text(limit: number): string {
    return decodeText(this.bytes(limit));
  }

  json(limit: number): unknown {
    const text = this.text(limit);
    try {
      return JSON.parse(text);
    } catch {
      throw PluginError.permanent(`the answer is no JSON: ${text.slice(0, 80)}`);
    }
  }
}

function kindOf(status: number): ErrorKind {
  if (status === 401 || status === 403) return "auth";
  return status === 408 || status === 425 || status === 429 || status >= 500 ? "transient" : "permanent";
}

/** Bytes of a text or of bytes. */
export function bytesOf(body: string | Uint8Array): Uint8Array {
  return typeof body === "string" ? encodeText(body) : body;
}
