import { describe, expect, it } from "vitest";
import { read } from "../document/read.ts";
import { downstream, upstream, wireKind } from "./connect.ts";
import { changesOf } from "./changes.ts";
import { graphOf, refOf, tellingLine, type Kind, type Kinds } from "./graph.ts";
import { layout, neighbor } from "./layout.ts";

function kind(name: string, takesRows: Kind["takesRows"], ports: string[], hasNamedPorts = false): [string, Kind] {
  return [name, { name, takesRows, ports, hasNamedPorts, summary: "", outputs: [], schema: {} }];
}

const KINDS: Kinds = new Map([
  kind("fetch", "NONE", ["out", "rejected"]),
  kind("validate", "REQUIRED", ["out", "rejected"]),
  kind("route", "REQUIRED", ["unmatched", "rejected"], true),
  kind("alert", "NONE", []),
]);

const { steps } = read(`steps:
  - { id: rows, uses: fetch, with: { source: csv, path: fruit.csv } }
  - { id: checked, uses: validate, from: rows }
  - { id: sent, uses: route, from: [checked, rows.rejected], with: { rules: [{ port: cheap }, { port: dear }] } }
  - { id: tell, uses: alert, needs: [sent], if: "false" }
  - { id: odd, uses: unheard_of, from: [gone, sent.cheap] }
`);
const graph = graphOf(steps, KINDS);

describe("the graph", () => {
  it("names each edge by its port, given or not", () => {
    expect(graph.edges.map((edge) => edge.id)).toEqual([
      "data:rows.out:checked",
      "data:checked.out:sent",
      "data:rows.rejected:sent",
      "control:sent:tell",
      "data:sent.cheap:odd",
    ]);
  });

  it("shows the ports of a kind and those that settings name", () => {
    expect(graph.nodes.map((node) => node.ports)).toEqual([
      ["out", "rejected"],
      ["out", "rejected"],
      ["unmatched", "rejected", "cheap", "dear"],
      [],
      [],
    ]);
    expect(graph.nodes.map((node) => node.isOff)).toEqual([false, false, false, true, false]);
  });

  it("writes a kind's first port without its name", () => {
    expect(refOf("rows", "out", "fetch", KINDS)).toEqual({ step: "rows", port: null });
    expect(refOf("rows", "rejected", "fetch", KINDS)).toEqual({ step: "rows", port: "rejected" });
  });

  it("tells steps of one kind apart", () => {
    const line = (settings: Record<string, unknown>) => tellingLine({ uses: "write", settings });
    expect(line({ connection: "history", table: "bars", mode: "upsert" })).toBe("history.bars · upsert");
    expect(line({ rules: [{}] })).toBe("1 rule");
    expect(line({ left: { connection: "a", table: "t" }, right: { connection: "b", table: "t" } })).toBe("a.t → b.t");
    expect(line({ sql: `SELECT ${"x".repeat(99)}` })).toHaveLength(60);
  });
});

describe("wires", () => {
  it("carry rows where rows are taken, and only order where not", () => {
    expect(wireKind(graph, "checked", true, "odd")).toBe("data");
    expect(wireKind(graph, "rows", true, "tell")).toBe("control");
    expect(wireKind(graph, "rows", false, "sent")).toBe("control");
  });

  it("never close a circle", () => {
    expect(wireKind(graph, "sent", true, "checked")).toBeUndefined();
    expect(wireKind(graph, "sent", true, "sent")).toBeUndefined();
  });

  it("reach up and down", () => {
    expect([...downstream(graph, ["checked"])].sort()).toEqual(["odd", "sent", "tell"]);
    expect([...upstream(graph, ["sent"])].sort()).toEqual(["checked", "rows"]);
  });
});

describe("the layout", () => {
  it("goes left to right and keeps what was placed by hand", () => {
    const places = layout(graph, [], { tell: { x: 7, y: 9 } });
    expect(places["rows"]?.x).toBeLessThan(places["checked"]?.x ?? 0);
    expect(places["checked"]?.x).toBeLessThan(places["sent"]?.x ?? 0);
    expect(places["tell"]).toEqual({ x: 7, y: 9 });
  });

  it("puts a new step beside what it follows, wherever that was put, and covers nothing", () => {
    const places = layout(graph, [], { rows: { x: 1000, y: 500 } });
    expect(places["checked"]).toEqual({ x: 1284, y: 500 });
    const taken = layout(graph, [], { rows: { x: 1000, y: 500 }, odd: { x: 1284, y: 480 } });
    expect(taken["checked"]?.x).toBe(1284);
    expect(taken["checked"]?.y).toBeGreaterThanOrEqual(552);
  });

  it("walks along edges by the arrow keys", () => {
    const places = layout(graph);
    expect(neighbor(graph, places, "rows", "right")).toBe("checked");
    expect(neighbor(graph, places, "checked", "left")).toBe("rows");
  });

  it("lays five hundred steps out in a moment", () => {
    const many = Array.from({ length: 500 }, (_, at) => `  - { id: s${at}, uses: validate${at ? `, from: s${Math.floor(at / 2)}` : ""} }`);
    const big = graphOf(read(`steps:\n${many.join("\n")}\n`).steps, KINDS);
    expect(Object.keys(layout(big))).toHaveLength(500);
  });
});

describe("what differs between two versions", () => {
  const steps = (text: string) => read(`steps:\n${text}`).steps;

  it("is told of each step, wherever it stands in the text", () => {
    const before = steps("  - { id: a, uses: fetch, with: { path: x.csv } }\n  - { id: b, uses: write, from: a }\n  - { id: c, uses: script }\n");
    const after = steps("  # moved\n  - { id: c, uses: script }\n  - { id: a, uses: fetch, with: { path: y.csv } }\n  - { id: d, uses: write, from: a }\n");
    const marks = changesOf(before, after);
    expect([...marks.before]).toEqual([
      ["a", "changed"],
      ["b", "removed"],
    ]);
    expect([...marks.after]).toEqual([
      ["a", "changed"],
      ["d", "added"],
    ]);
  });
});
