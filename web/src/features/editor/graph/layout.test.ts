import { describe, expect, it } from "vitest";
import { read, type FrameView } from "../document/read.ts";
import { graphOf } from "./graph.ts";
import { layout } from "./layout.ts";
import { frameBoxes, stepBoxes, type Box } from "./surround.ts";

/** Numbers that look random and are the same at each run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >>> 8) % below;
  };
}

const meet = (a: Box, b: Box) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

const frame = (key: string, steps: string[]): FrameView => ({ key, title: "", steps, firstLine: 0, lastLine: 0 });

describe("frames in the layout", () => {
  it("stand around their own steps only, whatever the workflow looks like", () => {
    let around = 0;
    for (let seed = 1; seed <= 60; seed++) {
      const next = numbers(seed);
      const count = 4 + next(16);
      const steps = Array.from({ length: count }, (_, at) => {
        const from = at === 0 ? "" : `, from: [${[...new Set(Array.from({ length: 1 + next(2) }, () => `s${next(at)}`))].join(", ")}]`;
        return `  - { id: s${at}, uses: validate${from} }`;
      });
      const document = read(`steps:\n${steps.join("\n")}\n`);
      const graph = graphOf(document.steps, new Map());
      // Two frames apart from each other, of steps that follow one another more or less.
      const cut = 1 + next(count - 2);
      const some = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => `s${from + at}`).filter(() => next(3) > 0);
      const frames = [frame("frame:0", some(0, cut)), frame("frame:1", some(cut, count))];
      const boxes = stepBoxes(graph, layout(graph, frames));
      for (const [key, box] of frameBoxes(frames, boxes)) {
        const own = frames.find((one) => one.key === key)?.steps ?? [];
        // A frame around one step is put around it wherever it stands.
        if (own.length === 1) continue;
        around += 1;
        const strangers = [...boxes].filter(([step, at]) => !own.includes(step) && meet(box, at)).map(([step]) => step);
        expect(strangers, `seed ${seed}, ${key}`).toEqual([]);
      }
    }
    expect(around).toBeGreaterThan(50);
  });

  it("may lie in one another", () => {
    const { steps } = read("steps:\n  - { id: a, uses: fetch }\n  - { id: b, uses: validate, from: a }\n  - { id: c, uses: validate, from: a }\n  - { id: d, uses: validate, from: [b, c] }\n");
    const graph = graphOf(steps, new Map());
    const frames = [frame("frame:0", ["b", "d"]), frame("frame:1", ["a", "b", "d"]), frame("frame:2", ["d", "c"])];
    const boxes = stepBoxes(graph, layout(graph, frames));
    const outer = frameBoxes(frames, boxes).get("frame:1");
    const c = boxes.get("c");
    expect(outer && c && !meet(outer, c)).toBe(true);
  });
});
