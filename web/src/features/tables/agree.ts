/** What of a plan is to be applied. Pure: no React. */
import type { PlanTablesQuery, TablePlanAgreement } from "@/graphql/generated/graphql.ts";

export type Planned = PlanTablesQuery["tablesPlan"]["tables"][number];

/** Names a table among all connections. */
export function keyOf(table: { connection: string; table: string }): string {
  return `${table.connection}\n${table.table}`;
}

export function canApply(table: Planned): boolean {
  return table.changes.length > 0 && !table.error;
}

export function losesData(table: Planned): boolean {
  return table.changes.some((change) => change.loss);
}

/** The tables that are applied, as the server is told of them; one that loses data only where that is allowed. */
export function agreed(tables: readonly Planned[], left: ReadonlySet<string>, allowDestructive: boolean): { list: TablePlanAgreement[]; statements: number } {
  const taken = tables.filter((table) => canApply(table) && !left.has(keyOf(table)) && (allowDestructive || !losesData(table)));
  return {
    list: taken.map(({ connection, table, fingerprint }) => ({ connection, table, fingerprint })),
    statements: taken.reduce((sum, table) => sum + table.changes.length, 0),
  };
}
