/** Where frames lie around their steps, and which steps lie in a frame. Pure, and without React. */
import type { FrameView, NoteView } from "../document/read.ts";
import type { Graph } from "./graph.ts";
import { NODE_WIDTH, nodeHeight, type Place, type Places } from "./layout.ts";

export interface Box extends Place {
  width: number;
  height: number;
}

const PAD = 20;
const TITLE = 28;
/** How much wider a frame is around a frame than around steps. */
const NESTED = 14;
/** From how far a note still belongs to a step. */
const NEAR = 700;

/** The boxes of the steps. */
export function stepBoxes(graph: Graph, places: Places): Map<string, Box> {
  const boxes = new Map<string, Box>();
  for (const node of graph.nodes) {
    const place = places[node.key];
    if (place) boxes.set(node.key, { ...place, width: NODE_WIDTH, height: nodeHeight(node.ports.length) });
  }
  return boxes;
}

/** Where each frame lies. One whose steps are all gone lies nowhere. */
export function frameBoxes(frames: readonly FrameView[], steps: ReadonlyMap<string, Box>): Map<string, Box> {
  const boxes = new Map<string, Box>();
  const members = frames.map((frame) => new Set(frame.steps.filter((step) => steps.has(step))));
  frames.forEach((frame, at) => {
    const own = members[at] ?? new Set();
    const inside = [...own].flatMap((step) => steps.get(step) ?? []);
    if (inside.length === 0) return;
    const depth = members.filter((other, place) => place !== at && other.size > 0 && (other.size < own.size || (other.size === own.size && place > at)) && [...other].every((step) => own.has(step))).length;
    const pad = PAD + depth * NESTED;
    const title = TITLE + depth * (TITLE - NESTED);
    const x = Math.min(...inside.map((box) => box.x)) - pad;
    const y = Math.min(...inside.map((box) => box.y)) - pad - title;
    const right = Math.max(...inside.map((box) => box.x + box.width)) + pad;
    const bottom = Math.max(...inside.map((box) => box.y + box.height)) + pad;
    boxes.set(frame.key, { x, y, width: right - x, height: bottom - y });
  });
  return boxes;
}

/** The steps whose middles lie in a box, in the order of the document. */
export function stepsIn(box: Box, steps: ReadonlyMap<string, Box>): string[] {
  return [...steps].filter(([, step]) => holds(box, step)).map(([key]) => key);
}

function holds(box: Box, step: Box): boolean {
  const [x, y] = [step.x + step.width / 2, step.y + step.height / 2];
  return x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height;
}

/** What each frame surrounds after steps were put elsewhere: who was put into one belongs to it, who was put outside leaves. */
export function regrouped(frames: readonly FrameView[], before: ReadonlyMap<string, Box>, after: ReadonlyMap<string, Box>, moved: readonly string[]): Map<string, string[]> {
  const boxes = frameBoxes(frames, before);
  const changed = new Map<string, string[]>();
  for (const frame of frames) {
    const box = boxes.get(frame.key);
    const stayed = frame.steps.filter((step) => !moved.includes(step) && before.has(step));
    // All of it was moved: the frame goes with them.
    if (!box || stayed.length === 0) continue;
    const inside = new Set(moved.filter((step) => after.has(step) && holds(box, after.get(step) ?? box)));
    const steps = frame.steps.filter((step) => !moved.includes(step) || !after.has(step) || inside.has(step));
    for (const step of inside) if (!steps.includes(step)) steps.push(step);
    if (steps.length !== frame.steps.length || steps.some((step) => !frame.steps.includes(step))) changed.set(frame.key, steps);
  }
  return changed;
}

/** The step nearest to a box, where one is near: what a note there belongs to. */
export function nearestStep(box: Box, steps: ReadonlyMap<string, Box>): string | null {
  let best: string | null = null;
  let least = NEAR;
  for (const [key, step] of steps) {
    const dx = Math.max(0, step.x - (box.x + box.width), box.x - (step.x + step.width));
    const dy = Math.max(0, step.y - (box.y + box.height), box.y - (step.y + step.height));
    const far = Math.hypot(dx, dy);
    if (far < least) [least, best] = [far, key];
  }
  return best;
}

/** What goes along when a node is dragged: a frame's steps, and notes beside a step. */
export function followers(key: string, frames: readonly FrameView[], notes: readonly NoteView[]): string[] {
  const steps = frames.find((frame) => frame.key === key)?.steps ?? [];
  const of = steps.length > 0 ? steps : [key];
  return [...steps, ...notes.filter((note) => note.beside !== null && of.includes(note.beside)).map((note) => note.key)];
}
