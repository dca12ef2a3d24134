/** From steps to nodes and edges. Pure, and without React. */
import type { Schema } from "@/lib/schema-fields.ts";
import { spellPort, type PortRef, type StepView } from "../document/read.ts";

/** What the server publishes of a step kind. */
export interface Kind {
  name: string;
  summary: string;
  ports: readonly string[];
  outputs: readonly string[];
  takesRows: "NONE" | "REQUIRED" | "OPTIONAL";
  hasNamedPorts: boolean;
  schema: Schema;
}

export interface GraphNode {
  key: string;
  uses: string;
  title: string;
  /** Its most telling setting. */
  line: string;
  ports: string[];
  takesRows: Kind["takesRows"];
  isOff: boolean;
  hasCondition: boolean;
}

export interface GraphEdge {
  id: string;
  kind: "data" | "control";
  from: string;
  /** The port's own name, where it is a data edge. */
  port: string | null;
  to: string;
}

export interface Graph {
  nodes: GraphNode[];
  edges: GraphEdge[];
}

export type Kinds = ReadonlyMap<string, Kind>;

export function graphOf(steps: readonly StepView[], kinds: Kinds): Graph {
  const find = new Map(steps.map((step) => [step.key, step]));
  const edges: GraphEdge[] = [];
  for (const step of steps) {
    for (const ref of step.from) {
      if (!find.has(ref.step)) continue;
      const port = portOf(ref, find, kinds);
      edges.push({ id: `data:${spellPort({ step: ref.step, port })}:${step.key}`, kind: "data", from: ref.step, port, to: step.key });
    }
    for (const before of step.needs) {
      if (find.has(before)) edges.push({ id: `control:${before}:${step.key}`, kind: "control", from: before, port: null, to: step.key });
    }
  }
  const nodes = steps.map((step) => {
    const kind = kinds.get(step.uses);
    const used = edges.filter((edge) => edge.kind === "data" && edge.from === step.key).map((edge) => edge.port ?? "out");
    const ports = [...new Set([...(kind?.ports ?? []), ...(kind?.hasNamedPorts ? namedPorts(step.settings) : []), ...used])];
    return {
      key: step.key,
      uses: step.uses,
      title: step.name ?? step.key,
      line: tellingLine(step),
      ports,
      takesRows: kind?.takesRows ?? (step.from.length > 0 ? "OPTIONAL" : "NONE"),
      isOff: isOff(step),
      hasCondition: step.condition !== null && !isOff(step),
    };
  });
  return { nodes: nodes, edges: unique(edges) };
}

/** A port's own name: what is left out in the text is the first one of the kind. */
function portOf(ref: PortRef, find: ReadonlyMap<string, StepView>, kinds: Kinds): string {
  if (ref.port !== null) return ref.port;
  return kinds.get(find.get(ref.step)?.uses ?? "")?.ports[0] ?? "out";
}

/** How a port is written: the first one of a kind needs no name. */
export function refOf(step: string, port: string | null, uses: string, kinds: Kinds): PortRef {
  const first = kinds.get(uses)?.ports[0];
  return { step, port: port === null || port === first ? null : port };
}

/** Ports that `route`'s rules name. */
function namedPorts(settings: Record<string, unknown>): string[] {
  const rules = Array.isArray(settings["rules"]) ? (settings["rules"] as unknown[]) : [];
  return rules.flatMap((rule) => {
    const port = typeof rule === "object" && rule !== null ? (rule as Record<string, unknown>)["port"] : undefined;
    return typeof port === "string" ? [port] : [];
  });
}

export function isOff(step: Pick<StepView, "condition">): boolean {
  return step.condition === "false" || step.condition === "${{ false }}";
}

/** `history.daily_bars · upsert`: what tells this step from others of its kind. */
export function tellingLine(step: Pick<StepView, "settings" | "uses">): string {
  const { settings } = step;
  const text = (name: string) => (typeof settings[name] === "string" ? settings[name] : undefined);
  const connection = text("connection");
  const table = text("table");
  const parts: string[] = [];
  if (connection) parts.push(table ? `${connection}.${table}` : connection);
  else if (table) parts.push(table);
  for (const name of ["path", "url", "plugin", "file", "action", "mode", "script", "sql", "query", "title"]) {
    const value = text(name);
    if (value !== undefined && parts.length < 2) parts.push(firstLine(value));
  }
  const rules = settings["rules"];
  if (Array.isArray(rules) && parts.length < 2) parts.push(`${rules.length} ${rules.length === 1 ? "rule" : "rules"}`);
  for (const side of ["left", "from"]) {
    const one = place(settings[side]);
    const other = place(settings[side === "left" ? "right" : "to"]);
    if (one && other) parts.push(`${one} → ${other}`);
  }
  return parts.join(" · ");
}

function place(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const side = value as Record<string, unknown>;
  return [side["connection"], side["table"] ?? side["path"]].filter((part) => typeof part === "string").join(".") || undefined;
}

function firstLine(text: string): string {
  const line = text.trim().split("\n")[0] ?? "";
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}

function unique(edges: GraphEdge[]): GraphEdge[] {
  return [...new Map(edges.map((edge) => [edge.id, edge])).values()];
}
