/**
 * Rows as Arrow buffers: views that read columns and builders that write them.
 *
 * Whole numbers are `number` where they are safe and `bigint` where not; a timestamp is its number in the column's unit, a
 * date its days since 1970, a decimal its text. What no view knows (intervals, halves) is given as its bytes.
 */

import { PluginError } from "./error.ts";
import { decodeLatin1, encodeLatin1, fromLatin1, toLatin1 } from "./text.ts";

/** One column's name and type; `format` is Arrow's: "b" "l" "g" "u" "z" "tdD" "tsu:UTC" "d:38,10" ... */
export interface Field {
  name: string;
  format: string;
  nullable: boolean;
  metadata: [string, string][];
}

/** Names and types of all columns. */
export interface Schema {
  fields: Field[];
  metadata: [string, string][];
}

/** The buffers of one column, little-endian, from row 0. */
export interface Column {
  validity: Uint8Array;
  offsets: Uint8Array;
  values: Uint8Array;
}

export type Value = null | boolean | number | bigint | string | Uint8Array;

/** A column that may hold nulls. */
export function field(name: string, format: string): Field {
  return { name, format, nullable: true, metadata: [] };
}

/** A schema of columns by name: `schema({ id: "l", name: "u" })`. */
export function schema(columns: Record<string, string>): Schema {
  return { fields: Object.entries(columns).map(([name, format]) => field(name, format)), metadata: [] };
}

/** Rows that travel together. */
export class Batch {
  readonly rows: number;
  readonly columns: Column[];

  constructor(rows: number, columns: Column[]) {
    this.rows = rows;
    this.columns = columns;
  }

  /** A batch of objects; what an object lacks is null. */
  static of(columns: Schema, rows: Record<string, Value | undefined>[]): Batch {
    const built = columns.fields.map(({ name, format }) => {
      const builder = new ColumnBuilder(format);
      for (const row of rows) builder.push(row[name] ?? null);
      return builder.finish();
    });
    return new Batch(rows.length, built);
  }

  /** The column at that place, whose field is given. */
  column(index: number, { format }: Field): ColumnView {
    const column = this.columns[index];
    if (column === undefined) throw PluginError.permanent(`there is no column ${index}`);
    return new ColumnView(format, column, this.rows);
  }

  /** All rows as objects: easy, and slower than going by columns. */
  objects(columns: Schema): Record<string, Value>[] {
    const views = columns.fields.map((it, index) => ({ name: it.name, view: this.column(index, it) }));
    const all: Record<string, Value>[] = [];
    for (let row = 0; row < this.rows; row += 1) {
      const object: Record<string, Value> = {};
      for (const { name, view } of views) object[name] = view.get(row);
      all.push(object);
    }
    return all;
  }

  /** The same rows with another column at that place. */
  with(index: number, column: Column): Batch {
    return new Batch(this.rows, this.columns.map((it, place) => (place === index ? column : it)));
  }
}

/** How the values of a type lie in memory. */
type Layout =
  | { kind: "null" }
  | { kind: "bit" }
  | { kind: "text" }
  | { kind: "bytes" }
  | { kind: "number"; type: "i8" | "u8" | "i16" | "u16" | "i32" | "u32" | "i64" | "u64" | "f32" | "f64" }
  | { kind: "decimal"; width: number; scale: number }
  | { kind: "fixed"; width: number };

const NUMBERS: Record<string, "i8" | "u8" | "i16" | "u16" | "i32" | "u32" | "i64" | "u64" | "f32" | "f64"> = {
  c: "i8", C: "u8", s: "i16", S: "u16", i: "i32", I: "u32", l: "i64", L: "u64", f: "f32", g: "f64",
  tdD: "i32", tdm: "i64", tts: "i32", ttm: "i32", ttu: "i64", ttn: "i64", tiM: "i32",
};
const WIDTHS = { i8: 1, u8: 1, i16: 2, u16: 2, i32: 4, u32: 4, i64: 8, u64: 8, f32: 4, f64: 8 };

function layout(format: string): Layout {
  if (format === "n") return { kind: "null" };
  if (format === "b") return { kind: "bit" };
  if (format === "u") return { kind: "text" };
  if (format === "z") return { kind: "bytes" };
  const type = NUMBERS[format];
  if (type !== undefined) return { kind: "number", type };
  if (format.startsWith("ts") || format.startsWith("tD")) return { kind: "number", type: "i64" };
  if (format.startsWith("d:")) {
    const [, scale, bits] = format.slice(2).split(",").map(Number);
    return { kind: "decimal", width: (bits ?? 128) / 8, scale: scale ?? 0 };
  }
  if (format.startsWith("w:")) return { kind: "fixed", width: Number(format.slice(2)) };
  const others: Record<string, number> = { e: 2, tiD: 8, tin: 16 };
  const width = others[format];
  if (width === undefined) throw new PluginError("data", `columns of the format \`${format}\` are not known`);
  return { kind: "fixed", width };
}

/** Reads the values of one column. */
export class ColumnView {
  readonly format: string;
  readonly rows: number;
  readonly #column: Column;
  readonly #layout: Layout;
  readonly #data: DataView;
  readonly #offsets: Int32Array;
  #latin1: string | undefined;
  #isAscii = false;

  constructor(format: string, column: Column, rows: number) {
    this.format = format;
    this.rows = rows;
    this.#column = column;
    this.#layout = layout(format);
    this.#data = new DataView(column.values.buffer, column.values.byteOffset, column.values.byteLength);
    this.#offsets = aligned(column.offsets);
  }

  isNull(row: number): boolean {
    const { validity } = this.#column;
    return validity.length > 0 && ((validity[row >> 3] as number) & (1 << (row & 7))) === 0;
  }

  get(row: number): Value {
    if (this.isNull(row)) return null;
    const it = this.#layout;
    switch (it.kind) {
      case "null": return null;
      case "bit": return ((this.#column.values[row >> 3] as number) & (1 << (row & 7))) !== 0;
      case "text": return this.#text(row);
      case "bytes": return this.#column.values.subarray(this.#offsets[row], this.#offsets[row + 1]);
      case "number": return this.#number(it.type, row);
      case "decimal": return decimalText(this.#column.values.subarray(row * it.width, (row + 1) * it.width), it.scale);
      case "fixed": return this.#column.values.subarray(row * it.width, (row + 1) * it.width);
    }
  }

  /** The text in that row; null where it is null or no text. */
  text(row: number): string | null {
    return this.#layout.kind === "text" && !this.isNull(row) ? this.#text(row) : null;
  }

  #text(row: number): string {
    if (this.#latin1 === undefined) {
      this.#latin1 = toLatin1(this.#column.values);
      this.#isAscii = decodeIsSame(this.#latin1);
    }
    const text = this.#latin1.substring(this.#offsets[row] as number, this.#offsets[row + 1]);
    return this.#isAscii ? text : decodeLatin1(text);
  }

  #number(type: keyof typeof WIDTHS, row: number): number | bigint {
    const data = this.#data;
    switch (type) {
      case "i8": return data.getInt8(row);
      case "u8": return data.getUint8(row);
      case "i16": return data.getInt16(row * 2, true);
      case "u16": return data.getUint16(row * 2, true);
      case "i32": return data.getInt32(row * 4, true);
      case "u32": return data.getUint32(row * 4, true);
      case "f32": return data.getFloat32(row * 4, true);
      case "f64": return data.getFloat64(row * 8, true);
      default: {
        // Two halves are quicker than a `bigint`, and right as far as a `number` is.
        const high = type === "i64" ? data.getInt32(row * 8 + 4, true) : data.getUint32(row * 8 + 4, true);
        const number = high * 4294967296 + data.getUint32(row * 8, true);
        if (Number.isSafeInteger(number)) return number;
        return type === "i64" ? data.getBigInt64(row * 8, true) : data.getBigUint64(row * 8, true);
      }
    }
  }
}

/** Collects the values of one column. */
export class ColumnBuilder {
  readonly format: string;
  readonly #layout: Layout;
  readonly #values: Value[] = [];
  #nulls = 0;

  constructor(format: string) {
    this.format = format;
    this.#layout = layout(format);
  }

  get rows(): number {
    return this.#values.length;
  }

  push(value: Value | undefined): void {
    if (value === null || value === undefined) this.#nulls += 1;
    this.#values.push(value ?? null);
  }

  finish(): Column {
    const empty = new Uint8Array(0);
    const values = this.#values;
    const rows = values.length;
    const it = this.#layout;
    if (it.kind === "null") return { validity: empty, offsets: empty, values: empty };
    const validity = this.#nulls === 0 ? empty : bitmap(rows, (row) => values[row] !== null);
    switch (it.kind) {
      case "bit": return { validity, offsets: empty, values: bitmap(rows, (row) => values[row] === true) };
      case "text": {
        const texts = values.map((value, row) => (value === null ? "" : encodeLatin1(this.#expect(value, row, "string"))));
        return { validity, offsets: offsetsOf(texts), values: fromLatin1(texts.join("")) };
      }
      case "bytes": {
        const pieces = values.map((value, row) => (value === null ? empty : this.#bytes(value, row)));
        return { validity, offsets: offsetsOf(pieces), values: joined(pieces) };
      }
      case "number": return { validity, offsets: empty, values: this.#numbers(it.type) };
      case "decimal": {
        const pieces = values.map((value, row) => decimalBytes(value ?? "0", it.width, it.scale, row));
        return { validity, offsets: empty, values: joined(pieces) };
      }
      case "fixed": {
        const pieces = values.map((value, row) => {
          const piece = value === null ? new Uint8Array(it.width) : this.#bytes(value, row);
          if (piece.length !== it.width) throw this.#wrong(row, `has ${piece.length} bytes, not ${it.width}`);
          return piece;
        });
        return { validity, offsets: empty, values: joined(pieces) };
      }
    }
  }

  #numbers(type: keyof typeof WIDTHS): Uint8Array {
    const width = WIDTHS[type];
    const bytes = new Uint8Array(this.#values.length * width);
    const data = new DataView(bytes.buffer);
    this.#values.forEach((value, row) => {
      if (value === null) return;
      if (typeof value !== "number" && typeof value !== "bigint") throw this.#wrong(row, "is no number");
      const isFloat = type === "f64" || type === "f32";
      if (!isFloat && typeof value === "number" && !Number.isInteger(value)) throw this.#wrong(row, `${value} is not whole`);
      this.#set(data, type, row, value);
    });
    return bytes;
  }

  #set(data: DataView, type: keyof typeof WIDTHS, row: number, value: number | bigint): void {
    switch (type) {
      case "f64": return data.setFloat64(row * 8, Number(value), true);
      case "f32": return data.setFloat32(row * 4, Number(value), true);
      case "i64":
      case "u64": {
        const [low, high] = type === "i64" ? [-(2n ** 63n), 2n ** 63n - 1n] : [0n, 2n ** 64n - 1n];
        if (typeof value === "number" && Number.isSafeInteger(value) && (value >= 0 || type === "i64")) {
          data.setUint32(row * 8, value >>> 0, true);
          return data.setInt32(row * 8 + 4, Math.floor(value / 4294967296), true);
        }
        const whole = BigInt(value);
        if (whole < low || whole > high) throw this.#wrong(row, `${value} does not fit`);
        return data.setBigUint64(row * 8, BigInt.asUintN(64, whole), true);
      }
      default: {
        const number = Number(value);
        const bits = WIDTHS[type] * 8;
        const [low, high] = type.startsWith("i") ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];
        if (number < low || number > high) throw this.#wrong(row, `${value} does not fit`);
        if (bits === 8) return data.setUint8(row, number & 0xff);
        if (bits === 16) return data.setUint16(row * 2, number & 0xffff, true);
        return data.setUint32(row * 4, number >>> 0, true);
      }
    }
  }

  #expect(value: Value, row: number, type: "string"): string {
    if (typeof value !== type) throw this.#wrong(row, "is no text");
    return value as string;
  }

  #bytes(value: Value, row: number): Uint8Array {
    if (!(value instanceof Uint8Array)) throw this.#wrong(row, "is no bytes");
    return value;
  }

  #wrong(row: number, why: string): PluginError {
    return new PluginError("data", `a value for a column of the format \`${this.format}\` ${why}`, { row });
  }
}

function decodeIsSame(latin1: string): boolean {
  return /^[\x00-\x7f]*$/.test(latin1);
}

/** Offsets as numbers; the host's bytes need not lie on a border of four. */
function aligned(bytes: Uint8Array): Int32Array {
  const whole = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Int32Array(whole.buffer, whole.byteOffset, whole.byteLength >> 2);
}

function bitmap(rows: number, isSet: (row: number) => boolean): Uint8Array {
  const bits = new Uint8Array((rows + 7) >> 3);
  for (let row = 0; row < rows; row += 1) if (isSet(row)) bits[row >> 3] = (bits[row >> 3] as number) | (1 << (row & 7));
  return bits;
}

function offsetsOf(pieces: { length: number }[]): Uint8Array {
  const offsets = new Int32Array(pieces.length + 1);
  let end = 0;
  pieces.forEach((piece, index) => {
    end += piece.length;
    offsets[index + 1] = end;
  });
  return new Uint8Array(offsets.buffer);
}

function joined(pieces: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((total, piece) => total + piece.length, 0));
  let start = 0;
  for (const piece of pieces) {
    bytes.set(piece, start);
    start += piece.length;
  }
  return bytes;
}

function decimalText(bytes: Uint8Array, scale: number): string {
  let whole = 0n;
  for (let index = bytes.length - 1; index >= 0; index -= 1) whole = (whole << 8n) | BigInt(bytes[index] as number);
  whole = BigInt.asIntN(bytes.length * 8, whole);
  const sign = whole < 0n ? "-" : "";
  const digits = (whole < 0n ? -whole : whole).toString();
  if (scale <= 0) return sign + (whole === 0n ? "0" : digits + "0".repeat(-scale));
  const padded = digits.padStart(scale + 1, "0");
  return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
}

function decimalBytes(value: Value, width: number, scale: number, row: number): Uint8Array {
  const parts = /^([+-]?)(\d*)(?:\.(\d*))?$/.exec(String(value).trim());
  const fraction = parts?.[3] ?? "";
  const cut = scale < 0 ? "" : fraction.slice(scale);
  if (parts === null || (parts[2] === "" && fraction === "") || /[^0]/.test(cut)) {
    throw new PluginError("data", `\`${String(value)}\` is no decimal with ${scale} digits behind the point`, { row });
  }
  let digits = `${parts[2]}${scale > 0 ? fraction.slice(0, scale).padEnd(scale, "0") : ""}`;
  if (scale < 0) digits = digits.slice(0, scale) || "0";
  let whole = BigInt(digits || "0") * (parts[1] === "-" ? -1n : 1n);
  whole = BigInt.asUintN(width * 8, whole);
  const bytes = new Uint8Array(width);
  for (let index = 0; index < width; index += 1) {
    bytes[index] = Number(whole & 0xffn);
    whole >>= 8n;
  }
  return bytes;
}
