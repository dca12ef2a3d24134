import { describe, expect, it } from "vitest";
import { matches, spell, type Stroke } from "./shortcut.ts";

function stroke(key: string, held: Partial<Stroke> = {}): Stroke {
  return { key, ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...held };
}

describe("shortcuts", () => {
  it("tells undo from redo", () => {
    const undo = stroke("z", { ctrlKey: true });
    const redo = stroke("Z", { ctrlKey: true, shiftKey: true });
    expect([matches(undo, "Mod+z"), matches(undo, "Mod+Shift+z")]).toEqual([true, false]);
    expect([matches(redo, "Mod+z"), matches(redo, "Mod+Shift+z")]).toEqual([false, true]);
  });

  it("takes signs however they are typed", () => {
    expect(matches(stroke("?", { shiftKey: true }), "?")).toBe(true);
    expect(matches(stroke("+", { shiftKey: true }), "+")).toBe(true);
    expect(matches(stroke("+", { ctrlKey: true }), "+")).toBe(false);
  });

  it("spells the keys as they are printed", () => {
    expect(spell("Mod+Shift+z")).toEqual(["Ctrl", "Shift", "Z"]);
    expect(spell("+")).toEqual(["+"]);
  });
});
