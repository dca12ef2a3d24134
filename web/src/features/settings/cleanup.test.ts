import { expect, it } from "vitest";
import { backupDocument, CLEANUP, cleanupsOf } from "./cleanup.ts";

it("finds what a document removes, and after how long", () => {
  expect(cleanupsOf(CLEANUP)).toEqual([
    { step: "thinned", keeps: ["runs 180d", "log_lines 30d", "console_history 90d", "anomalies 365d", "backups 365d", "inspections 90d", "alerts 365d"] },
  ]);
  const rows = "steps:\n  - { id: a, uses: cleanup, with: { rows: { connection: history, table: ticks, column: ts, older_than: 90d } } }\n  - { id: b, uses: fetch }\n";
  expect(cleanupsOf(rows)).toEqual([{ step: "a", keeps: ["history:ticks 90d"] }]);
});

it("finds nothing where there is nothing to read", () => {
  expect([cleanupsOf(""), cleanupsOf("steps: ["), cleanupsOf("steps: 3"), cleanupsOf(backupDocument("history"))]).toEqual([[], [], [], []]);
});
