/** Databases that journeys work on: SQLite files of the server's own, and PostgreSQL where the environment names one. */
import { join } from "node:path";
import type { Server } from "./server.ts";

/** Makes a SQLite connection and runs the statements on it, one by one, as a person does at the console. */
export async function sqlite(server: Server, name: string, statements: readonly string[]): Promise<void> {
  await server.graphql("mutation($name: String!, $input: NewConnection!) { createConnection(name: $name, input: $input) { name } }", {
    name,
    input: { url: `sqlite://${join(server.folder, `${name}.db`)}`, allowWrite: true },
  });
  for (const sql of statements) await write(server, name, sql);
}

/** Runs a statement that changes something. */
export async function write(server: Server, connection: string, sql: string): Promise<void> {
  await server.graphql("mutation($input: StatementInput!) { runStatement(input: $input) { id } }", { input: { connection, sql, write: true } });
}

/** What one statement answers. */
export async function read(server: Server, connection: string, sql: string): Promise<unknown[][]> {
  const { runStatement } = await server.graphql<{ runStatement: { rows: string } }>("mutation($input: StatementInput!) { runStatement(input: $input) { rows } }", {
    input: { connection, sql },
  });
  return JSON.parse(runStatement.rows) as unknown[][];
}

/** Waits for a run to end. */
export async function ended(server: Server, run: string): Promise<string> {
  for (;;) {
    const { run: view } = await server.graphql<{ run: { status: string } }>("query($id: String!) { run(id: $id) { status } }", { id: run });
    if (["SUCCEEDED", "FAILED", "CANCELED"].includes(view.status)) return view.status;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const COUNT = 500;

const FILL = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${COUNT}) INSERT INTO orders SELECT i, 'customer ' || i, CASE WHEN i % 7 = 0 THEN NULL ELSE 'note ' || i END, i * 1.25, datetime(1700000000 + i * 60, 'unixepoch') FROM n`;

/** Two connections with a table `orders` each, of which `replica` differs: see `spoil`. */
export async function shopAndReplica(server: Server): Promise<void> {
  const table = "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT NOT NULL, note TEXT, amount DECIMAL(10,2), placed TIMESTAMP)";
  await sqlite(server, "shop", [table, FILL]);
  await sqlite(server, "replica", [table]);
  await spoil(server);
}

/** Makes `replica` anew: it lacks two orders of `shop`, has one more, and three with other values. */
export async function spoil(server: Server): Promise<void> {
  for (const sql of [
    "DELETE FROM orders",
    FILL,
    "DELETE FROM orders WHERE id IN (100, 200)",
    "INSERT INTO orders VALUES (900, '<b>new</b>', '', 9, '2024-01-01 00:00:00')",
    "UPDATE orders SET note = 'changed note' WHERE id = 7",
    "UPDATE orders SET amount = 1000.5, note = NULL WHERE id = 300",
    "UPDATE orders SET customer = '=cmd()' WHERE id = 301",
  ])
    await write(server, "replica", sql);
}

/** Daily bars with a high below the low, checked by a run that makes anomalies of it. */
export async function findAnomalies(server: Server): Promise<void> {
  await sqlite(server, "history", [
    "CREATE TABLE daily_bars (symbol TEXT, trade_date DATE, open REAL, high REAL, low REAL, close REAL, volume REAL, PRIMARY KEY (symbol, trade_date))",
    "INSERT INTO daily_bars VALUES ('600000.SH', '2024-01-30', 7, 7.2, 6.9, 7.1, 100), ('600000.SH', '2024-01-31', 7, 6.5, 6.9, 7.1, 100), ('600519.SH', '2024-01-31', 1600, 1650, 1590, 1640, -5)",
  ]);
  await server.graphql("mutation($text: String!) { saveWorkflow(text: $text) { problems { message } } }", {
    text: 'name: bars-checked\nsteps:\n  - id: checked\n    uses: quality\n    with: { connection: history, table: daily_bars, now: "2024-01-31T20:00", by: code, channels: [log] }\n',
  });
  const { startRun } = await server.graphql<{ startRun: { id: string } }>('mutation { startRun(workflow: "bars-checked") { id } }');
  await ended(server, startRun.id);
}

/** A document of one table of that connection. */
export function tablesDocument(connection: string, more = ""): string {
  return `tables:
  - database_type: SQLite
    connection: ${connection}
    table_name: symbols
    columns:
      - { name: symbol_id, type: INT, primary_key: true, nullable: false }
      - { name: symbol, type: VARCHAR, length: 20, nullable: false }
${more}`;
}
