/**
 * What a built component begins with: the contract's exports, made of what the plugin implements.
 *
 * `sluice plugin build` writes an entry that imports the granted interfaces and calls these. No exception leaves a plugin:
 * each becomes the contract's record of an error.
 */

import { Batch, type Column, type Schema } from "./batch.ts";
import { Rows, within, wordsOf, type RedisValue, type Transaction } from "./database.ts";
import { PluginError, toError, toRecord } from "./error.ts";
import { bytesOf, Response, type Body, type Connection, type Host, type Level } from "./host.ts";
import type {
  Channel, Mark, Message, Page, Reader, Sink, Source, Transform, Transformer, TranslateRequest, Translator, Writer,
} from "./kinds.ts";

/** The contract's interfaces, as far as the manifest asks for them. */
export interface Imports {
  log: { write(level: Level, message: string, fields: [string, string][]): void };
  config: { settings(): string };
  progress: { report(done: unknown, total: unknown, unit: string): void };
  secret?: { get(name: string): string };
  clock?: { now(): number | bigint; monotonic(): number | bigint; sleep(micros: unknown): void };
  kv?: {
    get(key: string): Uint8Array | null | undefined;
    set(key: string, value: Uint8Array): void;
    delete(key: string): void;
  };
  http?: { send(request: unknown): { status: number; headers: [string, string][]; body: Body } };
  tcp?: { connect(host: string, port: number, timeoutMs: number | null): Connection };
  sql?: { query(connection: string, statement: string): WitRows; begin(connection: string): WitTransaction };
  redis?: { pipeline(connection: string, commands: Uint8Array[][]): WitValue[] };
}

interface WitRows {
  columns(): Schema;
  next(): WitBatch | null | undefined;
}

interface WitTransaction {
  execute(statement: string, columns: Schema, parameters: WitBatch): number | bigint;
  write(table: string, columns: Schema, rows: WitBatch): number | bigint;
  commit(): void;
}

type WitValue =
  | { tag: "nil" }
  | { tag: "number"; val: number | bigint }
  | { tag: "bytes"; val: Uint8Array }
  | { tag: "many"; val: Uint8Array[] };

type WitBatch = { rows: number; columns: Column[] };

/** The server behind the contract. */
function hostOf(imports: Imports): Host {
  const need = <T>(found: T | undefined, name: string): T => {
    if (found !== undefined) return found;
    throw new PluginError("denied", `the plugin does not ask for \`${name}\`: add it under [capabilities] in plugin.toml`);
  };
  const host: Host = {
    settings: <T>() => JSON.parse(imports.config.settings()) as T,
    log: (level, message, fields = {}) => imports.log.write(level, message, Object.entries(fields)),
    progress: (done, total, unit) => imports.progress.report(Math.trunc(done), total === undefined ? null : Math.trunc(total), unit),
    secret: (name) => guarded(() => need(imports.secret, "secrets").get(name)),
    findSecret: (name) => {
      try {
        return imports.secret?.get(name);
      } catch {
        return undefined;
      }
    },
    send: ({ method = "get", url, headers = {}, body, timeoutMs }) => guarded(() => {
      const answer = need(imports.http, "http").send({
        method, url, headers: Object.entries(headers),
        body: body === undefined ? null : bytesOf(body), timeoutMs: timeoutMs ?? null,
      });
      const { body: handle } = answer;
      return new Response(answer.status, answer.headers, {
        read: (maxBytes) => guarded(() => handle.read(maxBytes)),
        readAll: (limit) => guarded(() => handle.readAll(limit)),
      });
    }),
    now: () => Number(need(imports.clock, "clock").now()),
    sleep: (milliseconds) => need(imports.clock, "clock").sleep(Math.max(0, Math.round(milliseconds * 1000))),
    get: (key) => guarded(() => need(imports.kv, "kv").get(key) ?? undefined),
    set: (key, value) => guarded(() => need(imports.kv, "kv").set(key, bytesOf(value))),
    delete: (key) => guarded(() => need(imports.kv, "kv").delete(key)),
    connect: (name, port, timeoutMs) => guarded(() => {
      const connection = need(imports.tcp, "tcp").connect(name, port, timeoutMs ?? null);
      return {
        read: (maxBytes) => guarded(() => connection.read(maxBytes)),
        write: (bytes) => guarded(() => connection.write(bytes)),
        startTls: (serverName) => guarded(() => connection.startTls(serverName)),
      };
    }),
    query: (connection, statement) => guarded(() => {
      const rows = need(imports.sql, "sql").query(connection, statement);
      const next = () => guarded(() => {
        const batch = rows.next();
        return batch == null ? undefined : batchOf(batch);
      });
      return new Rows(rows.columns(), next, () => drop(rows));
    }),
    begin: (connection) => guarded(() => open(need(imports.sql, "sql").begin(connection))),
    transaction: (connection, work) => within(host.begin(connection), work),
    redis: (connection, ...commands) => guarded(() =>
      need(imports.redis, "redis").pipeline(connection, commands.map(wordsOf)).map(valueOf)),
  };
  return host;
}

/** Gives a resource back to the host. */
function drop(resource: object): void {
  const dispose = (Symbol as { dispose?: symbol }).dispose;
  if (dispose !== undefined) (resource as Record<symbol, (() => void) | undefined>)[dispose]?.();
}

/** A transaction that ends once. */
function open(found: WitTransaction): Transaction {
  let it: WitTransaction | undefined = found;
  const still = () => {
    if (it === undefined) throw PluginError.permanent("the transaction has ended");
    return it;
  };
  const end = () => {
    const last = it;
    it = undefined;
    if (last !== undefined) drop(last);
  };
  const none: Schema = { fields: [], metadata: [] };
  return {
    execute: (statement, columns = none, parameters = new Batch(0, [])) => guarded(() =>
      Number(still().execute(statement, columns, wit(parameters)))),
    write: (table, columns, rows) => guarded(() => Number(still().write(table, columns, wit(rows)))),
    commit: () => {
      try {
        guarded(() => still().commit());
      } finally {
        end();
      }
    },
    rollback: end,
  };
}

function valueOf(value: WitValue): RedisValue {
  if (value.tag === "nil") return null;
  return value.tag === "number" ? Number(value.val) : value.val;
}

/** The host's errors come as records; plugins see `PluginError`. */
function guarded<T>(call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    throw toError(thrown);
  }
}

/** A call that the server made: whatever is thrown leaves as the contract's record. */
function answered<T>(call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    throw toRecord(thrown);
  }
}

/** A function without an error in the contract: what is thrown is logged before it ends the plugin. */
function infallible<T>(imports: Imports, call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    imports.log.write("error", toError(thrown).message, []);
    throw thrown;
  }
}

const batchOf = ({ rows, columns }: WitBatch) => new Batch(rows, columns);
const wit = ({ rows, columns }: Batch): WitBatch => ({ rows, columns });
const pages = (batches: Batch[]): WitBatch[] => batches.map(wit);

export function source(plugin: Source, imports: Imports) {
  const host = hostOf(imports);
  class WitReader {
    #reader: Reader;
    constructor(reader: Reader) {
      this.#reader = reader;
    }
    columns() {
      return infallible(imports, () => this.#reader.columns);
    }
    resume() {
      return infallible(imports, () => this.#reader.resume);
    }
    rejects() {
      return this.#reader.rejects ?? false;
    }
    next() {
      return answered(() => witPage(this.#reader.next()));
    }
  }
  return {
    Reader: WitReader,
    check: () => answered(() => plugin.check?.(host)),
    open: (cursor: string | null | undefined) => answered(() => new WitReader(plugin.open(host, cursor ?? undefined))),
  };
}

function witPage(page: Page | undefined) {
  if (page === undefined) return null;
  const rejected = (page.rejected ?? []).map(({ line, rule, reason, values }) => ({
    line: line ?? null, rule, reason, values: values.map((value) => value ?? null),
  }));
  return { rows: pages([page.rows])[0], rejected, cursor: page.cursor ?? null };
}

interface WitMark {
  lane: string;
  sequence: number | bigint;
  checkpoint?: string | null;
  key: string;
}

export function sink(plugin: Sink, imports: Imports) {
  const host = hostOf(imports);
  class WitWriter {
    #writer: Writer;
    constructor(writer: Writer) {
      this.#writer = writer;
    }
    prepare() {
      answered(() => this.#writer.prepare?.());
    }
    claim(lane: string) {
      const position = answered(() => this.#writer.claim?.(lane));
      return position === undefined ? null : { sequence: position.sequence, checkpoint: position.checkpoint ?? null };
    }
    write(rows: WitBatch, { lane, sequence, checkpoint, key }: WitMark) {
      const mark: Mark = { lane, sequence: Number(sequence), checkpoint: checkpoint ?? undefined, key };
      return answered(() => this.#writer.write(batchOf(rows), mark));
    }
    commit() {
      answered(() => this.#writer.commit());
    }
    abort() {
      infallible(imports, () => this.#writer.abort?.());
    }
  }
  return {
    Writer: WitWriter,
    check: () => answered(() => plugin.check?.(host)),
    open: (columns: Schema, key: string) => answered(() => new WitWriter(plugin.open(host, columns, key))),
  };
}

export function transform(plugin: Transform, imports: Imports) {
  const host = hostOf(imports);
  class WitTransformer {
    #transformer: Transformer;
    constructor(transformer: Transformer) {
      this.#transformer = transformer;
    }
    output() {
      return infallible(imports, () => this.#transformer.output);
    }
    process(rows: WitBatch) {
      return answered(() => pages(this.#transformer.process(batchOf(rows))));
    }
    finish() {
      return answered(() => pages(this.#transformer.finish?.() ?? []));
    }
  }
  return {
    Transformer: WitTransformer,
    check: () => answered(() => plugin.check?.(host)),
    open: (columns: Schema) => answered(() => new WitTransformer(plugin.open(host, columns))),
  };
}

export function channel(plugin: Channel, imports: Imports) {
  const host = hostOf(imports);
  return {
    check: () => answered(() => plugin.check?.(host)),
    deliver: (message: Message & { link?: string | null }, key: string) =>
      answered(() => plugin.deliver(host, { ...message, link: message.link ?? undefined }, key) ?? null),
  };
}

export function translator(plugin: Translator, imports: Imports) {
  const host = hostOf(imports);
  return {
    dialects: () => infallible(imports, () => plugin.dialects(host)),
    translate: (request: TranslateRequest & { schema?: string | null }) =>
      answered(() => plugin.translate(host, { ...request, schema: request.schema ?? undefined })),
  };
}
