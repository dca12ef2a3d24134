/** What a person chooses to compare, and what the server is asked of it. Pure: no React. */
import type { DiffInput, DiffSideInput } from "@/graphql/generated/graphql.ts";

export interface SidePlan {
  connection: string;
  /** A table, or a query. */
  by: "table" | "query";
  table: string;
  query: string;
  filter: string;
}

export interface DiffPlan {
  left: SidePlan;
  right: SidePlan;
  /** Left names of the key's columns; null: as the left table says. */
  key: readonly string[] | null;
  /** The right name of each left column where it is another; an empty one: the column is not compared. */
  pairs: Readonly<Record<string, string>>;
  tolerance: Readonly<Record<string, string>>;
  /** Left names of the columns to compare, separated by commas; empty: all that both have. */
  columns: string;
  strategy: string;
  maxDifferences: string;
  sampleRows: string;
}

export const EMPTY_SIDE: SidePlan = { connection: "", by: "table", table: "", query: "", filter: "" };

export const EMPTY_PLAN: DiffPlan = {
  left: EMPTY_SIDE,
  right: EMPTY_SIDE,
  key: null,
  pairs: {},
  tolerance: {},
  columns: "",
  strategy: "auto",
  maxDifferences: "",
  sampleRows: "",
};

export interface PairColumn {
  name: string;
  nativeType: string;
}

export interface Pair {
  left: PairColumn;
  /** None: it is not compared. */
  right: PairColumn | undefined;
  isKey: boolean;
  /** Whether it was paired by another name than its own. */
  isRenamed: boolean;
}

/** Pairs the columns of two tables: by what was chosen, else by name, whatever its case. */
export function pairUp(plan: DiffPlan, left: { columns: readonly PairColumn[]; key: readonly string[] }, right: { columns: readonly PairColumn[] }): Pair[] {
  const key = plan.key ?? left.key;
  const only = readNames(plan.columns);
  return left.columns.map((column) => {
    const chosen = plan.pairs[column.name];
    const own =
      right.columns.find((other) => other.name === column.name) ?? right.columns.find((other) => other.name.toLowerCase() === column.name.toLowerCase());
    const isLeftOut = only.length > 0 && !only.includes(column.name);
    const found = chosen === undefined ? (isLeftOut ? undefined : own) : right.columns.find((other) => other.name === chosen);
    return { left: column, right: found, isKey: key.includes(column.name) && found !== undefined, isRenamed: found !== undefined && found.name !== column.name };
  });
}

/** Whether both sides say what they are. */
export function isReady(plan: DiffPlan): boolean {
  return [plan.left, plan.right].every((side) => side.connection !== "" && (side.by === "table" ? side.table : side.query).trim() !== "");
}

/** Names in a text, separated by commas. */
export function readNames(text: string): string[] {
  return text
    .split(/[,，]/)
    .map((name) => name.trim())
    .filter(Boolean);
}

/** What the server is asked; `pairs` are known where both sides are tables. */
export function toInput(plan: DiffPlan, pairs: readonly Pair[] | undefined): DiffInput {
  const settings: Record<string, unknown> = {};
  if (plan.strategy !== "auto") settings["strategy"] = plan.strategy;
  for (const [name, text] of [
    ["max_differences", plan.maxDifferences],
    ["sample_rows", plan.sampleRows],
  ] as const) {
    // What is no number goes to the server as it is: it knows best what is wrong with it.
    if (text.trim() !== "") settings[name] = /^\d+$/.test(text.trim()) ? Number(text.trim()) : text.trim();
  }
  const compared = pairs?.filter((pair) => pair.right !== undefined);
  const tolerance = Object.fromEntries(
    Object.entries(plan.tolerance)
      .filter(([name, text]) => text.trim() !== "" && (!compared || compared.some((pair) => pair.left.name === name && !pair.isKey)))
      .map(([name, text]) => [name, readTolerance(text)]),
  );
  if (Object.keys(tolerance).length > 0) settings["tolerance"] = tolerance;
  const key = compared ? compared.filter((pair) => pair.isKey).map((pair) => pair.left.name) : plan.key?.filter(Boolean);
  const columns = compared ? compared.map((pair) => pair.left.name) : readNames(plan.columns);
  const renamed = compared?.filter((pair) => pair.isRenamed) ?? [];
  return {
    left: toSide(plan.left),
    right: toSide(plan.right),
    ...(key && key.length > 0 ? { key: [...key] } : {}),
    ...(columns.length > 0 ? { columns } : {}),
    ...(renamed.length > 0 ? { mapping: renamed.map((pair) => ({ left: pair.left.name, right: pair.right?.name ?? "" })) } : {}),
    ...(Object.keys(settings).length > 0 ? { settings: JSON.stringify(settings) } : {}),
  };
}

function toSide(side: SidePlan): DiffSideInput {
  return {
    connection: side.connection,
    ...(side.by === "table" ? { table: side.table } : { query: side.query.trim() }),
    ...(side.filter.trim() ? { filter: side.filter.trim() } : {}),
  };
}

const TIME = ["microsecond", "millisecond", "second", "minute", "day"];

/** A tolerance as the step spells it: a number, a unit of time, or what does not count in text. */
export function readTolerance(text: string): unknown {
  const word = text.trim();
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(word)) return Number(word);
  if (TIME.includes(word)) return { time: word };
  if (word === "nfc" || word === "nfkc") return { unicode: word };
  if (word === "trim" || word === "ignore_case") return { [word]: true };
  return word;
}

function spellTolerance(value: unknown): string {
  if (typeof value === "number" || typeof value === "string") return String(value);
  if (typeof value !== "object" || value === null) return "";
  const [name, told] = Object.entries(value)[0] ?? [];
  return told === true ? (name ?? "") : typeof told === "string" ? told : "";
}

/** What a run compared, out of its workflow's document; undefined where that is no comparison of two connections. */
export function readPlan(text: string): DiffPlan | undefined {
  try {
    const document = JSON.parse(text) as { steps?: { uses?: string; with?: Record<string, unknown> }[] };
    const given = document.steps?.find((step) => step.uses === "diff")?.with;
    if (!given) return undefined;
    const [left, right] = [readSide(given["left"]), readSide(given["right"])];
    if (!left || !right) return undefined;
    const names = (value: unknown) => (Array.isArray(value) ? value.filter((name): name is string => typeof name === "string") : typeof value === "string" ? [value] : []);
    const plain = (value: unknown) => (typeof value === "number" || typeof value === "string" ? String(value) : "");
    const entries = (value: unknown) => Object.entries(typeof value === "object" && value !== null ? value : {});
    return {
      left,
      right,
      key: names(given["key"]).length > 0 ? names(given["key"]) : null,
      pairs: Object.fromEntries(entries(given["mapping"]).map(([name, other]) => [name, plain(other)])),
      tolerance: Object.fromEntries(entries(given["tolerance"]).map(([name, told]) => [name, spellTolerance(told)])),
      columns: names(given["columns"]).join(", "),
      strategy: plain(given["strategy"]) || "auto",
      maxDifferences: plain(given["max_differences"]),
      sampleRows: plain(given["sample_rows"]),
    };
  } catch {
    return undefined;
  }
}

function readSide(value: unknown): SidePlan | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const given = value as Record<string, unknown>;
  const text = (name: string) => (typeof given[name] === "string" ? given[name] : "");
  if (!text("connection")) return undefined;
  return { connection: text("connection"), by: text("table") ? "table" : "query", table: text("table"), query: text("query"), filter: text("where") };
}

/** `shop:orders`: a side in one word. */
export function spellSide(side: SidePlan): string {
  return `${side.connection}:${side.by === "table" ? side.table : side.query.replace(/\s+/g, " ").slice(0, 60)}`;
}
