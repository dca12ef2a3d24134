/** Runs, explains and cancels a tab's statement; what becomes of it stands in the store, whichever tab is shown. */
import { keyOf, queryClient, request } from "@/graphql/client.ts";
import { asProblem } from "@/graphql/problem.ts";
import { readRows } from "@/lib/cells.ts";
import { CancelStatement, CheckStatement, RunStatement, StatementHistory } from "./operations.ts";
import { inText, type Chosen } from "./statement.ts";
import { setOutcome, useConsole, type Tab } from "./tabs-store.ts";

/** An id as the server's own: `statement_` and a UUID. Works without a secure context, too. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return `statement_${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

export async function run(tab: Tab, { sql, from }: Chosen, write: boolean): Promise<void> {
  if (isRunning(tab.id)) return;
  const id = newId();
  const startedAt = Date.now();
  setOutcome(tab.id, { kind: "running", id, startedAt, isCanceling: false });
  try {
    const input = { connection: tab.connection, sql, limit: tab.limit, id, ...(write ? { write } : {}) };
    const { runStatement: answer } = await request(RunStatement, { input });
    const { columns, truncated, durationMs } = answer;
    setOutcome(tab.id, { kind: "answer", columns, rows: readRows(answer.rows), truncated, affected: answer.affected ?? null, durationMs });
  } catch (error) {
    const problem = asProblem(error);
    if (problem.code === "canceled") setOutcome(tab.id, { kind: "canceled", durationMs: Date.now() - startedAt });
    else setOutcome(tab.id, { kind: "problem", problem: inText(tab.sql, from, problem) });
  }
  void queryClient.invalidateQueries({ queryKey: keyOf(StatementHistory) });
}

/** Asks the system how it would run the statement. */
export async function explain(tab: Tab, { sql, from }: Chosen): Promise<void> {
  if (isRunning(tab.id)) return;
  try {
    const { checkStatement: checked } = await request(CheckStatement, { connection: tab.connection, sql, estimate: true });
    if (checked.problem) setOutcome(tab.id, { kind: "problem", problem: inText(tab.sql, from, checked.problem) });
    else setOutcome(tab.id, { kind: "plan", plan: checked.plan ?? null, rows: checked.estimatedRows ?? null, cost: checked.estimatedCost ?? null });
  } catch (error) {
    setOutcome(tab.id, { kind: "problem", problem: asProblem(error) });
  }
}

export async function cancel(tab: number): Promise<void> {
  const outcome = useConsole.getState().outcomes[tab];
  if (outcome?.kind !== "running") return;
  setOutcome(tab, { ...outcome, isCanceling: true });
  // The statement itself then ends with `canceled`; where it had ended already, nothing is left to do.
  await request(CancelStatement, { id: outcome.id }).catch(() => undefined);
}

function isRunning(tab: number): boolean {
  return useConsole.getState().outcomes[tab]?.kind === "running";
}
