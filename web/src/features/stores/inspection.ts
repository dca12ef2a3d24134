/** What an inspection found, read from the outputs of its step. Pure: no React. */
import { formatBytes } from "@/lib/format.ts";

export interface Usage {
  open: number;
  limit: number | undefined;
}

export interface TableSize {
  table: string;
  rows: number | undefined;
  bytes: number;
}

export interface IndexUse {
  table: string;
  index: string;
  scans: number | undefined;
  bytes: number;
  duplicateOf: string;
}

export interface Inspection {
  version: string;
  connections: Usage | undefined;
  pool: Usage | undefined;
  diskBytes: number | undefined;
  tables: TableSize[];
  indexes: IndexUse[];
  /** Rows of whatever the system tells of statements. */
  slow: Record<string, string>[];
  running: Record<string, string>[];
  figures: [string, number][];
  unavailable: string[];
  findings: number;
}

type Given = Record<string, unknown>;

const object = (value: unknown): Given => (typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Given) : {});
const number = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);
const text = (value: unknown): string => (typeof value === "string" ? value : value === null || value === undefined ? "" : JSON.stringify(value));
const list = (value: unknown): Given[] => (Array.isArray(value) ? value.map(object) : []);

/** None where nothing was inspected yet, or it failed. */
export function readInspection(outputs: string | undefined): Inspection | undefined {
  const given = outputs ? object(JSON.parse(outputs) as unknown) : {};
  if (typeof given["version"] !== "string") return undefined;
  const usage = (value: unknown): Usage | undefined => {
    const open = number(object(value)["open"]);
    return open === undefined ? undefined : { open, limit: number(object(value)["limit"]) };
  };
  const lines = (value: unknown) => list(value).map((one) => Object.fromEntries(Object.entries(one).map(([name, own]) => [name, text(own)])));
  return {
    version: given["version"],
    connections: usage(given["connections"]),
    pool: usage(given["pool"]),
    diskBytes: number(given["disk_bytes"]),
    tables: list(given["tables"])
      .map((one) => ({ table: text(one["table"]), rows: number(one["rows"]), bytes: (number(one["data_bytes"]) ?? 0) + (number(one["index_bytes"]) ?? 0) }))
      .sort((a, b) => b.bytes - a.bytes),
    indexes: list(given["indexes"]).map((one) => ({
      table: text(one["table"]),
      index: text(one["index"]),
      scans: number(one["scans"]),
      bytes: number(one["bytes"]) ?? 0,
      duplicateOf: text(one["duplicate_of"]),
    })),
    slow: lines(given["slow_statements"]),
    running: lines(given["running"]),
    figures: Object.entries(object(given["figures"])).flatMap(([name, value]): [string, number][] => (typeof value === "number" ? [[name, value]] : [])),
    unavailable: Array.isArray(given["unavailable"]) ? given["unavailable"].map(text) : [],
    findings: number(given["findings"]) ?? 0,
  };
}

/** The workflow that inspects a connection. */
export function workflowOf(connection: string): string {
  return `health-${connection}`;
}

/** Its document. */
export function documentOf(connection: string): string {
  return JSON.stringify(
    {
      name: workflowOf(connection),
      description: `Looks at how \`${connection}\` is doing.`,
      tags: ["health"],
      concurrency: { limit: 1, on_conflict: "skip" },
      steps: [{ id: "inspect", uses: "inspect", with: { connection } }],
    },
    null,
    2,
  );
}

/** A figure by what its name says it is: bytes, a share, seconds, or a number. */
export function spellFigure(name: string, value: number, plain: (value: number) => string): string {
  if (name.endsWith("_bytes")) return formatBytes(value);
  if (name.endsWith("_ratio")) return `${plain(Math.round(value * 1000) / 10)} %`;
  if (name.endsWith("_seconds")) return `${plain(value)} s`;
  return plain(value);
}
