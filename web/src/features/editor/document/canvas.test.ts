import { describe, expect, it } from "vitest";
import { addFrame, addNote, changeFrame, changeNote, copyItems, loosenNotes, placeOf, removeItems } from "./canvas.ts";
import { pasteSteps, removeSteps, renameStep } from "./edit.ts";
import { read } from "./read.ts";

const TEXT = `name: fruit # the shop's
steps:
  # as it comes
  - { id: rows, uses: fetch }
  - { id: checked, uses: validate, from: rows }
# the end
`;
const NOTE = { text: "late on Mondays", beside: "rows", x: 0, y: -100, width: 220, height: 80 };

describe("notes and frames", () => {
  it("are written below the document, and the other lines stay as they were", () => {
    const { text, key } = addNote(TEXT, NOTE);
    expect(key).toBe("note:0");
    expect(text).toBe(`${TEXT}canvas:\n  notes:\n    - { text: late on Mondays, beside: rows, x: 0, y: -100, width: 220, height: 80 }\n`);
    const framed = addFrame(text, { title: "In", steps: ["rows", "checked"] });
    expect(framed.text).toBe(`${text}  frames:\n    - { title: In, steps: [ rows, checked ] }\n`);
    expect(read(framed.text).frames).toMatchObject([{ key: "frame:0", title: "In", steps: ["rows", "checked"] }]);
    expect(removeItems(framed.text, ["note:0", "frame:0"])).toBe(TEXT);
  });

  it("keep what stands after them, and long texts as they were written", () => {
    const text = "canvas:\n  notes:\n    - { text: a }\n    - text: |-\n        b\n\n        c\nname: fruit # kept\nsteps: []\n";
    const changed = changeNote(text, "note:0", { x: 40.4 });
    expect(changed).toContain("{ text: a, x: 40, y: 0, width: 220, height: 96 }");
    expect(changed).toContain("\nname: fruit # kept\nsteps: []\n");
    expect(read(changed).notes[1]?.text).toBe("b\n\nc");
    const hostile = changeNote(text, "note:1", { text: "- { a: b } # c\n\ttab: 'x'" });
    expect(read(hostile).notes[1]?.text).toBe("- { a: b } # c\n\ttab: 'x'");
  });

  it("follow steps that are renamed, and let go of those that are deleted", () => {
    const { text } = addFrame(addNote(TEXT, NOTE).text, { title: "", steps: ["rows", "checked"] });
    const renamed = read(renameStep(text, "rows", "raw"));
    expect([renamed.notes[0]?.beside, renamed.frames[0]?.steps]).toEqual(["raw", ["raw", "checked"]]);
    const loose = read(removeSteps(loosenNotes(text, ["rows"], { rows: { x: 300, y: 200 } }), ["rows"]));
    expect(loose.notes[0]).toMatchObject({ beside: null, x: 300, y: 100 });
    expect(loose.frames[0]?.steps).toEqual(["checked"]);
    expect(read(removeSteps(text, ["rows", "checked"])).frames).toEqual([]);
    expect(read(changeFrame(text, "frame:0", { steps: [] })).frames).toEqual([]);
  });

  it("stand beside their step, or where they say", () => {
    expect(placeOf(NOTE, { rows: { x: 10, y: 20 } })).toEqual({ x: 10, y: -80 });
    expect(placeOf(NOTE, {})).toEqual({ x: 0, y: -100 });
  });

  it("are copied with the steps they belong to", () => {
    const { text } = addFrame(addNote(TEXT, NOTE).text, { title: "In", steps: ["rows"] });
    const pasted = pasteSteps(text, `steps:\n  - { id: rows, uses: fetch }\n${copyItems(text, ["note:0", "frame:0"])}`);
    expect(pasted.ids).toEqual(["rows_2", "note:1", "frame:1"]);
    const view = read(pasted.text);
    expect([view.notes[1]?.beside, view.frames[1]?.steps]).toEqual(["rows_2", ["rows_2"]]);
    // A note alone goes beside the same step, where it covers nothing.
    const alone = pasteSteps(text, copyItems(text, ["note:0"]));
    expect(read(alone.text).notes[1]).toMatchObject({ beside: "rows", x: 24, y: -76 });
    expect(copyItems(text, ["rows"])).toBe("");
  });

  it("of a document that is half written are read as far as they go", () => {
    for (const text of ["canvas:\n", "canvas: 1\nname: a\n", "canvas:\n  notes:\n    - a\n    - { x: b }\n  frames: { a: b }\n"]) {
      expect(() => read(addNote(text, NOTE).text)).not.toThrow();
    }
    expect(read("canvas:\n  notes: [{ text: 5, x: -3 }]\n  frames: [{ steps: [a, [b]] }, { title: x }]\n")).toMatchObject({
      notes: [{ text: "5", x: -3, width: 220 }],
      frames: [{ title: "", steps: ["a"] }, { title: "x", steps: [] }],
    });
  });
});
