/** What a plugin implements: one of these for each kind in its manifest. */

import type { Batch, Schema } from "./batch.ts";
import type { Host } from "./host.ts";

/** Reads rows in. */
export interface Source {
  /** A cheap test that the settings work. */
  check?(host: Host): void;
  /** Starts reading, at a cursor of an earlier attempt where one is given. */
  open(host: Host, cursor: string | undefined): Reader;
}

/** What a second attempt may count on: the same batches again, going on at a cursor, or neither. */
export type Resume = "replay" | "cursor" | "nothing";

/** A reading under way. */
export interface Reader {
  /** The same for every page. */
  columns: Schema;
  resume: Resume;
  /** Whether pages may carry rejected rows. */
  rejects?: boolean;
  /** The next rows; nothing at the end. */
  next(): Page | undefined;
}

/** Rows, and where to go on after them. */
export interface Page {
  rows: Batch;
  rejected?: Rejection[];
  /** At most 4 KiB; only where `resume` is `cursor`. */
  cursor?: string;
}

/** A row that cannot be read as the schema says. */
export interface Rejection {
  line?: number;
  rule: string;
  reason: string;
  values: (string | undefined)[];
}

/** Writes rows out. */
export interface Sink {
  check?(host: Host): void;
  /** Starts writing rows of these columns; `key` is the same in every attempt. */
  open(host: Host, columns: Schema, key: string): Writer;
}

/** Names one batch, the same in every attempt. */
export interface Mark {
  lane: string;
  sequence: number;
  checkpoint?: string;
  /** Equal keys, equal rows: make a repeat harmless by it. */
  key: string;
}

/** How far an earlier attempt came. */
export interface Position {
  sequence: number;
  checkpoint?: string;
}

/** A writing under way. */
export interface Writer {
  prepare?(): void;
  claim?(lane: string): Position | undefined;
  /** Writes one batch and tells how many rows the system took. */
  write(rows: Batch, mark: Mark): number;
  commit(): void;
  abort?(): void;
}

/** Changes rows on their way. */
export interface Transform {
  check?(host: Host): void;
  open(host: Host, columns: Schema): Transformer;
}

/** A change under way. */
export interface Transformer {
  /** Names and types of what comes out, the same for every batch. */
  output: Schema;
  process(rows: Batch): Batch[];
  /** Called once after the last batch. */
  finish?(): Batch[];
}

/** Delivers alerts to people. */
export interface Channel {
  /** Delivers nothing. */
  check?(host: Host): void;
  /** Delivers one alert and tells the provider's id for it; a receiver that got `key` before must not show it again. */
  deliver(host: Host, message: Message, key: string): string | undefined;
}

export type Severity = "info" | "warning" | "critical" | "resolved";

/** What is to be delivered. */
export interface Message {
  id: string;
  severity: Severity;
  title: string;
  /** Markdown. */
  text: string;
  fields: [string, string][];
  link?: string;
}

/** Turns SQL of one dialect into another's. */
export interface Translator {
  /** The pairs it can do: from, to. */
  dialects(host: Host): [string, string][];
  translate(host: Host, request: TranslateRequest): Statement[];
}

/** What is to be translated. */
export interface TranslateRequest {
  sql: string;
  sourceDialect: string;
  targetDialect: string;
  schema?: string;
  strict: boolean;
}

/** One statement of the answer; empty where it was not translated. */
export interface Statement {
  sql: string;
  line: number;
  notes: Note[];
}

/** What to know about a statement; an `error` means that it was not translated. */
export interface Note {
  level: "info" | "warning" | "error";
  code: string;
  message: string;
  line: number;
  column: number;
}
