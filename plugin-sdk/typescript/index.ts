/**
 * All that a plugin in TypeScript imports: `import { ... } from "sluice"`.
 *
 * Implement `Source`, `Sink`, `Transform`, `Channel` or `Translator` (`kinds.ts`), export it from `src/plugin.ts` under its
 * lowercase name, and reach the outside through the `Host` that is handed over (`host.ts`). Rows are in `batch.ts`.
 * `testing.ts` has the fake host for unit tests; `guest.ts` is what the built component begins with.
 */
export { Batch, ColumnBuilder, ColumnView, field, schema } from "./batch.ts";
export type { Column, Field, Schema, Value } from "./batch.ts";
export { Rows } from "./database.ts";
export type { RedisCommand, RedisValue, Transaction } from "./database.ts";
export { PluginError } from "./error.ts";
export type { ErrorKind } from "./error.ts";
export { Response } from "./host.ts";
export type { Body, Connection, Host, Level, Method, Request } from "./host.ts";
export type {
  Channel, Mark, Message, Note, Page, Position, Reader, Rejection, Resume, Severity, Sink, Source, Statement, Transform,
  Transformer, TranslateRequest, Translator, Writer,
} from "./kinds.ts";
export { decodeText, encodeText } from "./text.ts";
