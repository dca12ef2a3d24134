/** What a person chooses to transfer, and what the server is asked of it. Pure: no React. */
import type { MigrationColumnInput, MigrationInput, MigrationMode } from "@/graphql/generated/graphql.ts";

/** Where a column of the target gets its values. */
export interface Rule {
  by: "column" | "value" | "sql" | "none";
  /** The source's column, the value, or the expression. */
  text: string;
  /** The column's name at the target, where the table is made; empty: as at the source. */
  target: string;
  /** Its type there; empty: as the server translates it. */
  type: string;
}

export interface TransferPlan {
  name: string;
  from: string;
  to: string;
  tables: readonly string[];
  /** The target's table, or for several a pattern; empty: as at the source. */
  target: string;
  filter: string;
  mode: MigrationMode;
  /** What each column of the one table gets, by its name at the target, or at the source where the table is made. */
  rules: Readonly<Record<string, Rule>>;
  /** Rows of one chunk. */
  chunkRows: string;
  parallel: string;
  onError: "stop" | "reject";
  validate: string;
  create: boolean;
  /** Further settings of the step, as it spells them. */
  further: Readonly<Record<string, unknown>>;
}

export const EMPTY_PLAN: TransferPlan = {
  name: "",
  from: "",
  to: "",
  tables: [],
  target: "",
  filter: "",
  mode: "APPEND",
  rules: {},
  chunkRows: "",
  parallel: "",
  onError: "stop",
  validate: "count",
  create: true,
  further: {},
};

export interface Column {
  name: string;
  nativeType: string;
  nullable?: boolean;
  default?: string | null;
}

/** A row of the mapping: the target's column at the left. */
export interface Row {
  key: string;
  target: string;
  targetType: string;
  rule: Rule;
  /** Nothing fills it, and it takes no NULL. */
  isNeeded: boolean;
}

const rule = (by: Rule["by"], text = ""): Rule => ({ by, text, target: "", type: "" });

function like(columns: readonly Column[], name: string): Column | undefined {
  return columns.find((column) => column.name === name) ?? columns.find((column) => column.name.toLowerCase() === name.toLowerCase());
}

/** The mapping of one table; `target` is undefined where the table is made. */
export function mapRows(plan: TransferPlan, source: readonly Column[], target: readonly Column[] | undefined): Row[] {
  if (!target) {
    const rows = source.map((column) => {
      const own = plan.rules[column.name] ?? rule("column", column.name);
      return { key: column.name, target: own.target || column.name, targetType: own.type, rule: own, isNeeded: false };
    });
    // Columns that only the target will have.
    const added = Object.entries(plan.rules)
      .filter(([key, own]) => (own.by === "value" || own.by === "sql") && !source.some((column) => column.name === key))
      .map(([key, own]) => ({ key, target: own.target || key, targetType: own.type, rule: own, isNeeded: false }));
    return [...rows, ...added];
  }
  return target.map((column) => {
    const found = like(source, column.name);
    const own = plan.rules[column.name] ?? (found ? rule("column", found.name) : rule("none"));
    const isNeeded = own.by === "none" && column.nullable === false && (column.default ?? null) === null;
    return { key: column.name, target: column.name, targetType: column.nativeType, rule: own, isNeeded };
  });
}

/** Columns of the source that no column of the target gets. */
export function leftOver(rows: readonly Row[], source: readonly Column[]): string[] {
  const used = new Set(rows.filter((row) => row.rule.by === "column").map((row) => row.rule.text));
  return source.map((column) => column.name).filter((name) => !used.has(name));
}

const NUMBER = /int|numeric|decimal|float|double|real|serial|number/i;

/** A value as JSON text: a number where the column is one, else text. `NULL` is NULL. */
export function spellValue(text: string, type: string): string {
  const word = text.trim();
  if (word.toUpperCase() === "NULL") return "null";
  if (NUMBER.test(type) && /^-?\d+(?:\.\d+)?$/.test(word)) {
    // Beyond what a double holds exactly, digits would be lost: as text they arrive whole.
    return String(Number(word)) === word ? word : JSON.stringify(word);
  }
  if (/bool/i.test(type) && /^(?:true|false)$/i.test(word)) return word.toLowerCase();
  return JSON.stringify(text);
}

/** What the server is asked. The rows are known where one table is moved. */
export function toInput(plan: TransferPlan, rows: readonly Row[] | undefined, source: readonly Column[]): MigrationInput {
  const columns: MigrationColumnInput[] = [];
  for (const row of rows ?? []) {
    const { by, text } = row.rule;
    const type = row.rule.type.trim() ? { nativeType: row.rule.type.trim() } : {};
    if (by === "column" && (text !== row.target || row.rule.type.trim() !== "")) columns.push({ target: row.target, from: text, ...type });
    if (by === "value") columns.push({ target: row.target, value: spellValue(text, row.rule.type || row.targetType), ...type });
    if (by === "sql") columns.push({ target: row.target, sql: text, ...type });
  }
  // What another rule fills under its own name is no column that is left out.
  const told = new Set(columns.map((column) => column.target));
  const skip = rows ? leftOver(rows, source).filter((name) => !told.has(name)) : [];
  const number = (text: string) => (/^\d+$/.test(text.trim()) ? Number(text.trim()) : text.trim());
  const settings: Record<string, unknown> = {
    ...plan.further,
    ...(plan.chunkRows.trim() ? { chunk_rows: number(plan.chunkRows) } : {}),
    ...(plan.parallel.trim() ? { parallel: number(plan.parallel) } : {}),
    ...(plan.onError === "reject" ? { on_error: "reject" } : {}),
    ...(plan.validate !== "none" ? { validate: plan.validate } : {}),
  };
  return {
    from: plan.from,
    to: plan.to,
    tables: [...plan.tables],
    mode: plan.mode,
    ...(plan.target.trim() ? { target: plan.target.trim() } : {}),
    ...(plan.filter.trim() ? { filter: plan.filter.trim() } : {}),
    ...(plan.create ? {} : { create: false }),
    ...(columns.length > 0 ? { columns } : {}),
    ...(skip.length > 0 ? { skip } : {}),
    ...(Object.keys(settings).length > 0 ? { settings: JSON.stringify(settings) } : {}),
  };
}

/** A name for a workflow, made of what it moves. */
export function suggestName(plan: TransferPlan): string {
  const what = plan.tables.length === 1 ? (plan.tables[0] ?? "") : "tables";
  return `${plan.from}-${what}-to-${plan.to}`
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 60);
}

export function isReady(plan: TransferPlan): boolean {
  return plan.from !== "" && plan.to !== "" && plan.tables.length > 0;
}

const KNOWN = ["from", "to", "mode", "task", "create", "columns", "skip", "chunk_rows", "parallel", "on_error", "validate"];

/** A saved transfer's settings, to be changed. */
export function readPlan(name: string, text: string): TransferPlan | undefined {
  try {
    const given = JSON.parse(text) as Record<string, unknown>;
    const object = (value: unknown) => (typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {});
    const word = (value: unknown) => (typeof value === "string" || typeof value === "number" ? String(value) : "");
    const list = (value: unknown) => (Array.isArray(value) ? value.map(word) : word(value) ? [word(value)] : []);
    const [from, to] = [object(given["from"]), object(given["to"])];
    // A query is moved by what a form does not ask for.
    if (from["query"] !== undefined || from["except"] !== undefined || from["key"] !== undefined) return undefined;
    const rules: Record<string, Rule> = {};
    for (const [target, told] of Object.entries(object(given["columns"]))) {
      const own = typeof told === "string" ? { from: told } : object(told);
      const type = word(own["type"]);
      const made =
        own["value"] !== undefined
          ? { by: "value" as const, text: typeof own["value"] === "string" ? own["value"] : own["value"] === null ? "NULL" : JSON.stringify(own["value"]) }
          : own["sql"] !== undefined
            ? { by: "sql" as const, text: word(own["sql"]) }
            : { by: "column" as const, text: word(own["from"]) };
      // Where the table is made the rule stands at the source's column, else at the target's: both find it.
      rules[target] = { ...made, target, type };
      if (made.by === "column" && made.text !== target) rules[made.text] ??= { ...made, target, type };
    }
    for (const skipped of list(given["skip"])) rules[skipped] ??= rule("none");
    return {
      ...EMPTY_PLAN,
      name,
      from: word(from["connection"]),
      to: word(to["connection"]),
      tables: list(from["table"]),
      target: word(to["table"]),
      filter: word(from["where"]),
      mode: (word(given["mode"]) || "append").toUpperCase() as MigrationMode,
      rules,
      chunkRows: word(given["chunk_rows"]),
      parallel: word(given["parallel"]),
      onError: given["on_error"] === "reject" ? "reject" : "stop",
      validate: typeof given["validate"] === "string" ? given["validate"] : "none",
      create: given["create"] !== false,
      further: Object.fromEntries(Object.entries(given).filter(([key, value]) => !KNOWN.includes(key) || (key === "validate" && typeof value !== "string"))),
    };
  } catch {
    return undefined;
  }
}
