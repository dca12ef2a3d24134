import { describe, expect, it } from "vitest";
import type { FrameView, NoteView } from "../document/read.ts";
import { followers, frameBoxes, nearestStep, regrouped, stepsIn, type Box } from "./surround.ts";

const box = (x: number, y: number): Box => ({ x, y, width: 220, height: 56 });
const frame = (key: string, steps: string[]): FrameView => ({ key, title: "", steps, firstLine: 1, lastLine: 1 });
const STEPS = new Map([["a", box(0, 0)], ["b", box(300, 0)], ["c", box(600, 200)]]);

describe("frames", () => {
  it("lie around their steps, and wider around other frames", () => {
    const boxes = frameBoxes([frame("frame:0", ["a", "b"]), frame("frame:1", ["a"]), frame("frame:2", ["gone"])], STEPS);
    expect(boxes.get("frame:1")).toEqual({ x: -20, y: -48, width: 260, height: 124 });
    const outer = boxes.get("frame:0");
    expect(outer?.x).toBe(-34);
    expect(outer?.y).toBeLessThan(-48);
    expect(boxes.has("frame:2")).toBe(false);
  });

  it("of the same steps do not lie upon each other", () => {
    const boxes = frameBoxes([frame("frame:0", ["a"]), frame("frame:1", ["a"])], STEPS);
    expect(boxes.get("frame:0")?.x).toBeLessThan(boxes.get("frame:1")?.x ?? 0);
  });

  it("take in who is put into them, and let go of who is put outside", () => {
    const frames = [frame("frame:0", ["a", "b"])];
    const after = new Map([...STEPS, ["c", box(100, 10)]]);
    expect(regrouped(frames, STEPS, after, ["c"]).get("frame:0")).toEqual(["a", "b", "c"]);
    expect(regrouped(frames, STEPS, new Map([...STEPS, ["b", box(900, 900)]]), ["b"]).get("frame:0")).toEqual(["a"]);
    // Moved within, or all together: nothing changes.
    expect(regrouped(frames, STEPS, new Map([...STEPS, ["b", box(280, 4)]]), ["b"]).size).toBe(0);
    expect(regrouped(frames, STEPS, new Map([["a", box(900, 0)], ["b", box(1200, 0)]]), ["a", "b"]).size).toBe(0);
  });

  it("hold the steps whose middles lie in them", () => {
    expect(stepsIn({ x: 200, y: -100, width: 700, height: 400 }, STEPS)).toEqual(["b", "c"]);
  });
});

describe("notes", () => {
  const note = (beside: string | null): NoteView => ({ key: "note:0", text: "", beside, x: 0, y: 0, width: 100, height: 40, firstLine: 1, lastLine: 1 });

  it("belong to the step nearest to them", () => {
    expect(nearestStep({ x: 310, y: -60, width: 100, height: 40 }, STEPS)).toBe("b");
    expect(nearestStep({ x: 5_000, y: 0, width: 100, height: 40 }, STEPS)).toBeNull();
  });

  it("go along with their step, and with its frame", () => {
    expect(followers("b", [], [note("b")])).toEqual(["note:0"]);
    expect(followers("frame:0", [frame("frame:0", ["a", "b"])], [note("b")])).toEqual(["a", "b", "note:0"]);
    expect(followers("a", [], [note("b"), note(null)])).toEqual([]);
  });
});
