import { describe, expect, it } from "vitest";
import { addNeed, addStep, connect, copySteps, pasteSteps, removeSteps, renameStep, setSetting, setStepKey, splice } from "./edit.ts";
import { read } from "./read.ts";

const FRUIT = `# Prices of fruit.
name: fruit
steps:
  # one file a day
  - id: rows            # aligned by hand
    uses: fetch
    with: { source: csv, path: fruit.csv } # the path

  - id: checked
    uses: validate
    from: rows
    with:
      rules:
        # nobody sells what has no name
        - { name: named, not_null: name }
  # the end
  - id: stored
    uses: write
    from: checked
    with: { connection: shop, table: "fruit" }
    if: "\${{ steps.checked.rows_out > 0 }}"
# after all
`;

/** The lines that an edit took away and those it brought. */
function change(before: string, after: string): string {
  const lost = before.split("\n").filter((line) => !after.split("\n").includes(line));
  const won = after.split("\n").filter((line) => !before.split("\n").includes(line));
  return [...lost.map((line) => `-${line}`), ...won.map((line) => `+${line}`)].join("\n");
}

describe("edits of the text", () => {
  it("read steps with their edges and lines", () => {
    const { steps, name } = read(FRUIT);
    expect(name).toBe("fruit");
    expect(steps.map((step) => [step.key, step.from.map((ref) => ref.step), step.firstLine, step.lastLine])).toEqual([
      ["rows", [], 5, 7],
      ["checked", ["rows"], 9, 15],
      ["stored", ["checked"], 17, 21],
    ]);
  });

  it("change one setting and nothing else, not even a comment", () => {
    expect(change(FRUIT, setSetting(FRUIT, "stored", ["table"], "berries"))).toBe(
      '-    with: { connection: shop, table: "fruit" }\n+    with: { connection: shop, table: "berries" }',
    );
    const rules = setSetting(FRUIT, "checked", ["max"], 3);
    expect(change(FRUIT, rules)).toBe("+      max: 3");
    expect(rules).toContain("# nobody sells what has no name");
  });

  it("take a setting away, and the mapping with its last one", () => {
    const one = setSetting(FRUIT, "stored", ["table"], undefined);
    expect(one).toContain("with: { connection: shop }");
    expect(setSetting(one, "stored", ["connection"], undefined)).not.toContain("connection");
  });

  it("add a step below the last one, and after a named one", () => {
    const { text, id } = addStep(FRUIT, { uses: "write", from: [{ step: "checked", port: "rejected" }] });
    expect(id).toBe("write");
    expect(text.slice(FRUIT.indexOf("# after all"))).toBe(
      "  - id: write\n    uses: write\n    from: checked.rejected\n# after all\n",
    );
    const after = addStep(FRUIT, { uses: "transform" }, "rows");
    expect(read(after.text).steps.map((step) => step.key)).toEqual(["rows", "transform", "checked", "stored"]);
    expect(after.text).toContain("# the end\n  - id: stored");
  });

  it("begin an empty document", () => {
    const first = addStep("name: x\nsteps: []\n", { uses: "fetch" });
    expect(first.text).toBe("name: x\nsteps:\n  - id: fetch\n    uses: fetch\n");
    expect(addStep("", { uses: "fetch" }).text).toBe("steps:\n  - id: fetch\n    uses: fetch\n");
    expect(read(removeSteps(first.text, ["fetch"])).steps).toEqual([]);
  });

  it("rename a step wherever it is named", () => {
    const text = renameStep(FRUIT, "checked", "clean");
    expect(change(FRUIT, text)).toBe(
      [
        "-  - id: checked",
        "-    from: checked",
        '-    if: "${{ steps.checked.rows_out > 0 }}"',
        "+  - id: clean",
        "+    from: clean",
        '+    if: "${{ steps.clean.rows_out > 0 }}"',
      ].join("\n"),
    );
  });

  it("remove a step with its edges, or join what it joined", () => {
    expect(read(removeSteps(FRUIT, ["checked"])).steps.map((step) => step.from)).toEqual([[], []]);
    const joined = removeSteps(FRUIT, ["checked"], true);
    expect(read(joined).steps[1]?.from).toEqual([{ step: "rows", port: null }]);
    expect(joined).toContain("# one file a day\n  - id: rows            # aligned by hand");
  });

  it("connect, wait and splice", () => {
    expect(connect(FRUIT, { step: "rows", port: "rejected" }, "stored")).toContain("from: [ checked, rows.rejected ]");
    expect(connect(FRUIT, { step: "checked", port: null }, "stored")).toBe(FRUIT);
    expect(addNeed(FRUIT, "rows", "stored")).toContain("    needs: rows\n");
    const { text } = splice(FRUIT, { step: "rows", port: null }, "checked", { uses: "transform" }, null);
    expect(read(text).steps.map((step) => [step.key, step.from[0]?.step])).toEqual([
      ["rows", undefined],
      ["transform", "rows"],
      ["checked", "transform"],
      ["stored", "checked"],
    ]);
  });

  it("copy as YAML and paste under free names", () => {
    const copied = copySteps(FRUIT, ["checked", "stored"]);
    expect(copied.startsWith("- id: checked\n  uses: validate\n")).toBe(true);
    const { text, ids } = pasteSteps(FRUIT, copied);
    expect(ids).toEqual(["checked_2", "stored_2"]);
    const pasted = read(text).steps.slice(3);
    expect(pasted.map((step) => step.from[0]?.step)).toEqual(["rows", "checked_2"]);
    expect(pasted[1]?.condition).toBe("${{ steps.checked_2.rows_out > 0 }}");
    expect(pasteSteps(FRUIT, "just words").ids).toEqual([]);
  });

  it("set and clear keys of the step in their usual order", () => {
    const text = setStepKey(FRUIT, "checked", "timeout", "5m");
    expect(change(FRUIT, text)).toBe("+    timeout: 5m");
    const named = setStepKey(FRUIT, "rows", "name", "Rows");
    expect(named.indexOf("name: Rows")).toBeLessThan(named.indexOf("with: { source"));
  });

  it("work on documents in one line and in JSON", () => {
    const json = '{"name": "x", "steps": [{"id": "a", "uses": "fetch"}]}';
    const { text } = addStep(json, { uses: "write", from: [{ step: "a", port: null }] });
    expect(read(text).steps.map((step) => step.key)).toEqual(["a", "write"]);
    expect(read(setSetting(json, "a", ["path"], "x.csv")).steps[0]?.settings).toEqual({ path: "x.csv" });
  });

  it("survive what is no document", () => {
    for (const text of ["", "[]", "just text", "steps: 7", "a: [", "\t", "steps:\n  - \n  - uses: fetch\n"]) {
      expect(() => read(text)).not.toThrow();
      expect(() => addStep(text, { uses: "fetch" })).not.toThrow();
    }
  });
});
