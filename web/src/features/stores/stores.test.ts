import { describe, expect, it } from "vitest";
import { formatBytes } from "@/lib/format.ts";
import { documentOf, readInspection, spellFigure } from "./inspection.ts";

describe("an inspection", () => {
  it("is read from its outputs, the largest table first, whatever the system could not tell", () => {
    const found = readInspection(
      JSON.stringify({
        version: "PostgreSQL 15",
        connections: { open: 3, active: 1, limit: 100 },
        pool: null,
        disk_bytes: 1000,
        tables: [
          { table: "small", rows: 1, data_bytes: 10, index_bytes: 0 },
          { table: "large", rows: null, data_bytes: 90, index_bytes: 20 },
        ],
        indexes: [{ table: "t", index: "i", scans: 0, bytes: 5, duplicate_of: null }],
        slow_statements: [{ statement: "SELECT 1", mean_ms: 12.5 }],
        running: [],
        figures: { cache_hit_ratio: 0.98, note: "x" },
        unavailable: ["slow statements"],
        findings: 2,
      }),
    );
    expect(found?.connections).toEqual({ open: 3, limit: 100 });
    expect(found?.pool).toBeUndefined();
    expect(found?.tables.map((table) => [table.table, table.rows, table.bytes])).toEqual([
      ["large", undefined, 110],
      ["small", 1, 10],
    ]);
    expect(found?.indexes[0]).toEqual({ table: "t", index: "i", scans: 0, bytes: 5, duplicateOf: "" });
    expect(found?.slow).toEqual([{ statement: "SELECT 1", mean_ms: "12.5" }]);
    expect(found?.figures).toEqual([["cache_hit_ratio", 0.98]]);
  });

  it("is none where the run failed or never was", () => {
    expect(readInspection(undefined)).toBeUndefined();
    expect(readInspection("{}")).toBeUndefined();
  });

  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [4096, "4.1 kB"],
    [246_259_047, "246 MB"],
    [999_600, "1.0 MB"],
  ])("spells %s bytes as %s", (bytes, expected) => {
    expect(formatBytes(bytes)).toBe(expected);
  });

  it("spells figures by what their names say", () => {
    expect(spellFigure("wal_bytes", 2000, String)).toBe("2.0 kB");
    expect(spellFigure("cache_hit_ratio", 0.9835, String)).toBe("98.4 %");
    expect(spellFigure("uptime_seconds", 5, String)).toBe("5 s");
    expect(spellFigure("deadlocks", 5, String)).toBe("5");
  });

  it("is a workflow that names its connection as it is", () => {
    expect(JSON.parse(documentOf('a"b'))).toMatchObject({ name: 'health-a"b', steps: [{ uses: "inspect", with: { connection: 'a"b' } }] });
  });
});
