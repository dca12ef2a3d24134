/** The console's tabs: their texts are kept in this browser, their answers until the page is left. */
import { create } from "zustand";
import { keep, kept } from "@/lib/storage.ts";
import type { ProblemView } from "@/graphql/problem.ts";
import type { AnswerColumn, Row } from "@/lib/cells.ts";

export interface Tab {
  id: number;
  connection: string;
  sql: string;
  limit: number;
}

export type Outcome =
  | { kind: "running"; id: string; startedAt: number; isCanceling: boolean }
  | { kind: "answer"; columns: readonly AnswerColumn[]; rows: readonly Row[]; truncated: boolean; affected: number | null; durationMs: number }
  | { kind: "plan"; plan: string | null; rows: number | null; cost: number | null }
  | { kind: "canceled"; durationMs: number }
  | { kind: "problem"; problem: ProblemView };

interface ConsoleState {
  tabs: readonly Tab[];
  active: number;
  outcomes: Readonly<Record<number, Outcome>>;
}

export const LIMITS = [100, 1000, 10_000, 100_000] as const;
const KEPT = "console";
/** Longer texts are not kept between visits: the browser's store is small. */
const LONGEST = 200_000;

export const useConsole = create<ConsoleState>()(() => ({ ...read(), outcomes: {} }));

useConsole.subscribe((state, before) => {
  if (state.tabs === before.tabs && state.active === before.active) return;
  keep(KEPT, JSON.stringify({ tabs: state.tabs.filter((tab) => tab.sql.length <= LONGEST), active: state.active }));
});

export function blank(id: number, connection = ""): Tab {
  return { id, connection, sql: "", limit: 1000 };
}

/** What was kept, as far as it can be understood. */
export function read(text: string | null = kept(KEPT)): Pick<ConsoleState, "tabs" | "active"> {
  let tabs: Tab[] = [];
  let active = 0;
  try {
    const value = JSON.parse(text ?? "{}") as { tabs?: unknown; active?: unknown };
    if (Array.isArray(value.tabs)) tabs = value.tabs.filter(isTab);
    if (typeof value.active === "number") active = value.active;
  } catch {
    // Written by another version, or by hand: begin anew.
  }
  if (tabs.length === 0) tabs = [blank(1)];
  return { tabs, active: tabs.some((tab) => tab.id === active) ? active : (tabs[0]?.id ?? 1) };
}

function isTab(value: unknown): value is Tab {
  if (typeof value !== "object" || value === null) return false;
  const { id, connection, sql, limit } = value as Record<string, unknown>;
  return typeof id === "number" && typeof connection === "string" && typeof sql === "string" && LIMITS.some((one) => one === limit);
}

/** Opens a tab; an empty one that is open is used. */
export function openTab(connection: string, sql = ""): void {
  useConsole.setState(({ tabs, active }) => {
    const now = tabs.find((tab) => tab.id === active);
    if (sql !== "" && now?.sql.trim() === "") {
      return { tabs: tabs.map((tab) => (tab.id === active ? { ...tab, connection, sql } : tab)) };
    }
    const id = Math.max(0, ...tabs.map((tab) => tab.id)) + 1;
    return { tabs: [...tabs, { ...blank(id, connection), sql }], active: id };
  });
}

export function closeTab(id: number): void {
  useConsole.setState(({ tabs, active, outcomes }) => {
    const place = tabs.findIndex((tab) => tab.id === id);
    const left = tabs.filter((tab) => tab.id !== id);
    const rest = left.length > 0 ? left : [blank(id + 1, tabs[place]?.connection)];
    const next = rest[Math.min(Math.max(place, 0), rest.length - 1)]?.id ?? 1;
    const kept = Object.fromEntries(Object.entries(outcomes).filter(([key]) => Number(key) !== id));
    return { tabs: rest, active: active === id ? next : active, outcomes: kept };
  });
}

export function changeTab(id: number, change: Partial<Omit<Tab, "id">>): void {
  useConsole.setState(({ tabs }) => ({ tabs: tabs.map((tab) => (tab.id === id ? { ...tab, ...change } : tab)) }));
}

export function showTab(active: number): void {
  useConsole.setState({ active });
}

/** Sets what became of a tab's statement, where the tab is still there. */
export function setOutcome(id: number, outcome: Outcome): void {
  useConsole.setState(({ tabs, outcomes }) => (tabs.some((tab) => tab.id === id) ? { outcomes: { ...outcomes, [id]: outcome } } : {}));
}
