/**
 * Notes and frames: what the document's `canvas` keeps for people. A frame surrounds steps by naming them, and a note
 * counts its place from a step, so that both stand right wherever the steps stand.
 */
import { isMap, isNode, isScalar, isSeq, Document, Pair, Scalar, YAMLMap, YAMLSeq } from "yaml";
import type { Place, Places } from "../graph/layout.ts";
import { parse, read, type FrameView, type NoteView } from "./read.ts";

const STYLE = { lineWidth: 0, indent: 2, flowCollectionPadding: true } as const;

/** What a note is made of. */
export type NewNote = Omit<NoteView, "key" | "firstLine" | "lastLine">;
/** What a frame is made of. */
export type NewFrame = Omit<FrameView, "key" | "firstLine" | "lastLine">;

/** Whether a key is a note's or a frame's; a step's has no colon. */
export function isItem(key: string): boolean {
  return key.startsWith("note:") || key.startsWith("frame:");
}

export function addNote(text: string, note: NewNote): { text: string; key: string } {
  const key = `note:${read(text).notes.length}`;
  return { text: editCanvas(text, (canvas) => listOf(canvas, "notes").items.push(noteNode(note))), key };
}

export function addFrame(text: string, frame: NewFrame): { text: string; key: string } {
  const key = `frame:${read(text).frames.length}`;
  return { text: editCanvas(text, (canvas) => listOf(canvas, "frames").items.push(frameNode(frame))), key };
}

/** Changes some of a note; the others stay as they are. */
export function changeNote(text: string, key: string, change: Partial<NewNote>): string {
  const note = read(text).notes.find((one) => one.key === key);
  if (!note) return text;
  return editCanvas(text, (canvas) => {
    listOf(canvas, "notes").items[indexOf(key)] = noteNode({ ...note, ...change });
  });
}

/** Changes some of a frame. One that surrounds nothing any more goes. */
export function changeFrame(text: string, key: string, change: Partial<NewFrame>): string {
  const frame = read(text).frames.find((one) => one.key === key);
  if (!frame) return text;
  const next = { ...frame, ...change };
  if (next.steps.length === 0) return removeItems(text, [key]);
  return editCanvas(text, (canvas) => {
    listOf(canvas, "frames").items[indexOf(key)] = frameNode(next);
  });
}

/** Removes notes and frames; the steps within stay. */
export function removeItems(text: string, keys: readonly string[]): string {
  const items = keys.filter(isItem);
  if (items.length === 0) return text;
  return editCanvas(text, (canvas) => {
    for (const name of ["notes", "frames"] as const) {
      const gone = new Set(items.filter((key) => key.startsWith(name.slice(0, -1))).map(indexOf));
      if (gone.size === 0) continue;
      const list = listOf(canvas, name);
      list.items = list.items.filter((_, at) => !gone.has(at));
    }
  });
}

/** What names steps follows them: renamed where `name` says so, and gone where it says undefined. */
export function renameInCanvas(text: string, name: (step: string) => string | undefined): string {
  const { frames, notes } = read(text);
  const isOther = (step: string) => name(step) !== step;
  if (!frames.some((frame) => frame.steps.some(isOther)) && !notes.some(({ beside }) => beside !== null && isOther(beside))) return text;
  return editCanvas(text, (canvas) => {
    if (notes.length > 0) {
      const list = listOf(canvas, "notes");
      notes.forEach((note, at) => {
        if (note.beside !== null && isOther(note.beside)) list.items[at] = noteNode({ ...note, beside: name(note.beside) ?? null });
      });
    }
    if (frames.length > 0) {
      const list = listOf(canvas, "frames");
      list.items = frames.flatMap((frame, at) => {
        if (!frame.steps.some(isOther)) return [list.items[at]];
        const steps = frame.steps.flatMap((step) => name(step) ?? []);
        return steps.length > 0 ? [frameNode({ ...frame, steps })] : [];
      });
    }
  });
}

/** Notes beside steps that will be gone stay where they stand. */
export function loosenNotes(text: string, gone: readonly string[], places: Places): string {
  let result = text;
  for (const note of read(text).notes) {
    if (note.beside === null || !gone.includes(note.beside)) continue;
    const { x, y } = placeOf(note, places);
    result = changeNote(result, note.key, { beside: null, x, y });
  }
  return result;
}

/** Where a note stands on the canvas. */
export function placeOf(note: Pick<NoteView, "beside" | "x" | "y">, places: Places): Place {
  const anchor = note.beside === null ? undefined : places[note.beside];
  return anchor ? { x: anchor.x + note.x, y: anchor.y + note.y } : { x: note.x, y: note.y };
}

/** The selected notes and frames as a document's `canvas`, for the clipboard; nothing where none is selected. */
export function copyItems(text: string, keys: readonly string[]): string {
  const { notes, frames } = read(text);
  const canvas = new YAMLMap();
  for (const note of notes) if (keys.includes(note.key)) listOf(canvas, "notes").items.push(noteNode(note));
  for (const frame of frames) if (keys.includes(frame.key)) listOf(canvas, "frames").items.push(frameNode(frame));
  return canvas.items.length > 0 ? spell(canvas) : "";
}

/** Adds the notes and frames of a text; `names` says what its steps are called here, undefined where there is none. */
export function pasteItems(text: string, pasted: string, names: (step: string) => string | undefined): { text: string; keys: string[] } {
  const { notes, frames } = read(pasted);
  let result = text;
  const keys: string[] = [];
  for (const note of notes) {
    const beside = note.beside === null ? null : (names(note.beside) ?? null);
    // Beside the same step it would cover the one that was copied.
    const shift = beside === note.beside ? 24 : 0;
    const added = addNote(result, { ...note, beside, x: note.x + shift, y: note.y + shift });
    result = added.text;
    keys.push(added.key);
  }
  for (const frame of frames) {
    const steps = frame.steps.flatMap((step) => names(step) ?? []);
    if (steps.length === 0) continue;
    const added = addFrame(result, { ...frame, steps });
    result = added.text;
    keys.push(added.key);
  }
  return { text: result, keys };
}

function indexOf(key: string): number {
  return Number(key.slice(key.indexOf(":") + 1));
}

function noteNode({ text, beside, x, y, width, height }: NewNote): YAMLMap {
  const map = new YAMLMap();
  const words = new Scalar(text);
  const isLong = text.includes("\n");
  if (isLong) words.type = Scalar.BLOCK_LITERAL;
  map.set("text", words);
  if (beside !== null) map.set("beside", beside);
  for (const [name, value] of Object.entries({ x, y, width, height })) map.set(name, Math.round(value));
  map.flow = !isLong;
  return map;
}

function frameNode({ title, steps }: NewFrame): YAMLMap {
  const map = new YAMLMap();
  if (title) map.set("title", title);
  const list = new YAMLSeq();
  list.flow = true;
  list.items.push(...steps.map((step) => new Scalar(step)));
  map.set("steps", list);
  map.flow = true;
  return map;
}

function listOf(canvas: YAMLMap, name: "notes" | "frames"): YAMLSeq {
  const found: unknown = canvas.get(name);
  if (isSeq(found)) {
    // A list that is written on one line is written one below the other once it changes.
    found.flow = false;
    return found;
  }
  const made = new YAMLSeq();
  canvas.set(name, made);
  return made;
}

/** Changes the section `canvas` and writes its lines anew; every other line stays as it is. */
function editCanvas(text: string, change: (canvas: YAMLMap) => void): string {
  const { document } = parse(text);
  if (!isMap(document.contents)) return text;
  const root = document.contents;
  const pair = root.items.find((one) => isScalar(one.key) && one.key.value === "canvas");
  const canvas = isMap(pair?.value) ? pair.value : new YAMLMap();
  const key = isScalar(pair?.key) ? pair.key.range : undefined;
  const start = key ? text.lastIndexOf("\n", key[0] - 1) + 1 : -1;
  const end = pair && isNode(pair.value) && pair.value.range ? lineEnd(text, pair.value.range[1]) : start < 0 ? -1 : lineEnd(text, key?.[1] ?? start);
  canvas.flow = false;
  change(canvas);
  for (const name of ["notes", "frames"]) {
    const list: unknown = canvas.get(name);
    if (isSeq(list) && list.items.length === 0) canvas.delete(name);
  }
  const section = canvas.items.length > 0 ? spell(canvas) : "";
  if (root.flow) {
    if (section === "") root.delete("canvas");
    else if (pair) pair.value = canvas;
    else root.items.push(new Pair(new Scalar("canvas"), canvas));
    return document.errors.length > 0 ? text : document.toString(STYLE);
  }
  if (start < 0) return section === "" ? text : `${text}${text.endsWith("\n") || text === "" ? "" : "\n"}${section}`;
  return text.slice(0, start) + section + text.slice(end);
}

function lineEnd(text: string, at: number): number {
  if (text[at - 1] === "\n") return at;
  const end = text.indexOf("\n", at);
  return end < 0 ? text.length : end + 1;
}

function spell(canvas: YAMLMap): string {
  canvas.commentBefore = null;
  canvas.comment = null;
  const root = new YAMLMap();
  root.set("canvas", canvas);
  const document = new Document();
  document.contents = root;
  return document.toString(STYLE);
}
