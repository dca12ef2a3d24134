/** What a person chooses to monitor, and what the server is asked of it. Pure: no React. */
import type { MonitorInput, MonitorSideInput, MonitorTemplate } from "@/graphql/generated/graphql.ts";

export interface MonitorSide {
  connection: string;
  table: string;
  query: string;
  filter: string;
}

export interface MonitorPlan {
  name: string;
  template: MonitorTemplate;
  left: MonitorSide;
  /** None: the table is held to itself. */
  right: MonitorSide | null;
  key: string;
  columns: string;
  cron: string;
  timezone: string;
  /** One a line. */
  thresholds: string;
  channels: string;
  severity: string;
}

export const EMPTY_SIDE: MonitorSide = { connection: "", table: "", query: "", filter: "" };

export function emptyPlan(): MonitorPlan {
  return {
    name: "",
    template: "DATA_DIFF",
    left: EMPTY_SIDE,
    right: EMPTY_SIDE,
    key: "",
    columns: "",
    cron: "",
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC",
    thresholds: "",
    channels: "",
    severity: "warning",
  };
}

/** What a template measures, the one of its trend first. */
export function measuresOf(template: MonitorTemplate, hasRight: boolean): readonly string[] {
  if (template === "DATA_DIFF") return ["differences", "percent", "missing", "extra", "changed"];
  if (template === "SCHEMA_CHANGE") return ["differences", "missing", "extra", "changed"];
  return hasRight ? ["difference", "percent", "count", "other"] : ["count"];
}

const names = (text: string) =>
  text
    .split(/[,，]/)
    .map((name) => name.trim())
    .filter(Boolean);

export function toInput(plan: MonitorPlan, replace: boolean): MonitorInput {
  const thresholds = plan.thresholds
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  return {
    name: plan.name.trim(),
    template: plan.template,
    left: toSide(plan.left),
    ...(plan.right ? { right: toSide(plan.right) } : {}),
    ...(plan.template === "DATA_DIFF" && names(plan.key).length > 0 ? { key: names(plan.key) } : {}),
    ...(plan.template === "DATA_DIFF" && names(plan.columns).length > 0 ? { columns: names(plan.columns) } : {}),
    ...(plan.cron.trim() ? { cron: plan.cron.trim(), timezone: plan.timezone.trim() || "UTC" } : {}),
    ...(thresholds.length > 0 ? { thresholds } : {}),
    ...(names(plan.channels).length > 0 ? { channels: names(plan.channels) } : {}),
    severity: plan.severity,
    replace,
  };
}

function toSide(side: MonitorSide): MonitorSideInput {
  return {
    connection: side.connection,
    ...(side.query ? { query: side.query } : { table: side.table }),
    ...(side.filter.trim() ? { filter: side.filter.trim() } : {}),
  };
}

interface Document {
  name?: string;
  tags?: string[];
  triggers?: { cron?: string; timezone?: string }[];
  steps?: { id?: string; with?: Record<string, unknown> }[];
}

const TEMPLATES: Record<string, MonitorTemplate> = { data_diff: "DATA_DIFF", row_count: "ROW_COUNT", schema_change: "SCHEMA_CHANGE" };

/** A saved monitor out of its document; undefined where people have written something else there. */
export function readPlan(text: string): MonitorPlan | undefined {
  try {
    const document = JSON.parse(text) as Document;
    const measured = document.steps?.find((step) => step.id === "measured")?.with;
    const tell = document.steps?.find((step) => step.id === "tell")?.with ?? {};
    const template = document.tags?.map((tag) => TEMPLATES[tag]).find(Boolean);
    if (!measured || !template) return undefined;
    const word = (value: unknown) => (typeof value === "string" ? value : "");
    const list = (value: unknown) => (Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : word(value) ? [word(value)] : []);
    const side = (value: unknown): MonitorSide => {
      const given = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
      return { connection: word(given["connection"]), table: word(given["table"]), query: word(given["query"]), filter: word(given["where"]) };
    };
    const right = template === "ROW_COUNT" ? measured["against"] : measured["right"];
    const trigger = document.triggers?.find((one) => one.cron);
    return {
      name: document.name ?? "",
      template,
      left: side(template === "ROW_COUNT" ? measured : measured["left"]),
      right: right === undefined ? null : side(right),
      key: list(measured["key"]).join(", "),
      columns: list(measured["columns"]).join(", "),
      cron: trigger?.cron ?? "",
      timezone: trigger?.timezone ?? "UTC",
      thresholds: readThresholds(tell).join("\n"),
      channels: list(tell["channels"])
        .filter((channel) => channel !== "log")
        .join(", "),
      severity: word(tell["severity"]) || "warning",
    };
  } catch {
    return undefined;
  }
}

/** `Passed: differences > 10 or percent >= 0.5`, as the template writes it. */
function readThresholds(tell: Record<string, unknown>): string[] {
  const text = typeof tell["text"] === "string" ? tell["text"] : "";
  return text
    .replace(/^Passed: /, "")
    .split(" or ")
    .map((one) => one.trim())
    .filter((one) => /^\w+ (?:>=|<=|==|!=|>|<) /.test(one));
}

/** The numbers at which the measure of the trend is too much, or too little. */
export function limitsOf(plan: MonitorPlan | undefined): number[] {
  if (!plan) return [];
  const measure = measuresOf(plan.template, plan.right !== null)[0];
  return plan.thresholds.split("\n").flatMap((line) => {
    const found = /^(\w+) (?:>=|<=|==|!=|>|<) (-?[\d.]+)$/.exec(line.trim());
    return found && (found[1] === measure || (measure === "difference" && found[1] === "row_difference")) ? [Number(found[2])] : [];
  });
}
