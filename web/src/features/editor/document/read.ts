/**
 * Reads a document's text into what the canvas draws. Reads as much as it can: half a document is what people have most
 * of the time they write one. Whether it is right is the server's business.
 */
import { isMap, isNode, isPair, isScalar, isSeq, LineCounter, parseDocument, type Document, type YAMLMap } from "yaml";

/** `checked.rejected`: a step's port; without a name the first one is meant. */
export interface PortRef {
  step: string;
  port: string | null;
}

export interface InputView {
  name: string;
  type: string;
  default: unknown;
  description: string | null;
  options: unknown[];
  isNeeded: boolean;
}

export interface StepView {
  /** Its id, or `#3` where it has none: the third. */
  key: string;
  index: number;
  uses: string;
  name: string | null;
  from: PortRef[];
  needs: string[];
  condition: string | null;
  settings: Record<string, unknown>;
  onError: string | null;
  /** Lines of the text it stands on, counted from 1. */
  firstLine: number;
  lastLine: number;
}

/** Free text on the canvas. */
export interface NoteView {
  /** `note:0`: its place among the notes. */
  key: string;
  text: string;
  /** The step that its place counts from; null: from the canvas's own beginning. */
  beside: string | null;
  x: number;
  y: number;
  width: number;
  height: number;
  firstLine: number;
  lastLine: number;
}

/** A frame around steps. */
export interface FrameView {
  /** `frame:0`: its place among the frames. */
  key: string;
  title: string;
  steps: string[];
  firstLine: number;
  lastLine: number;
}

export interface DocumentView {
  name: string;
  description: string | null;
  steps: StepView[];
  inputs: InputView[];
  notes: NoteView[];
  frames: FrameView[];
  /** What YAML itself does not accept; the server says it better. */
  isBroken: boolean;
}

export interface Parsed {
  document: Document;
  lines: LineCounter;
}

export function parse(text: string): Parsed {
  const lines = new LineCounter();
  return { document: parseDocument(text, { lineCounter: lines, keepSourceTokens: false, strict: false }), lines };
}

export function read(text: string): DocumentView {
  const { document, lines } = parse(text);
  const root = document.contents;
  const view: DocumentView = { name: "", description: null, steps: [], inputs: [], notes: [], frames: [], isBroken: document.errors.length > 0 };
  if (!isMap(root)) return view;
  view.name = asText(root.get("name")) ?? "";
  view.description = asText(root.get("description"));
  const inputs = root.get("inputs");
  if (isMap(inputs)) view.inputs = readInputs(inputs);
  readCanvas(root.get("canvas"), view, lines);
  const steps = root.get("steps");
  if (!isSeq(steps)) return view;
  const taken = new Set<string>();
  steps.items.forEach((item, index) => {
    if (!isMap(item)) return;
    const step = readStep(item, index, lines);
    // Two steps of one id are a fault; on the canvas they are still two.
    if (taken.has(step.key)) step.key = `#${index + 1}`;
    taken.add(step.key);
    view.steps.push(step);
  });
  return view;
}

function readStep(item: YAMLMap, index: number, lines: LineCounter): StepView {
  const settings = toPlain(item.get("with", true));
  const [start, end] = item.range ?? [0, 0];
  return {
    key: asText(item.get("id")) || `#${index + 1}`,
    index,
    uses: asText(item.get("uses")) ?? "",
    name: asText(item.get("name")),
    from: asList(item.get("from", true)).map(readPort),
    needs: asList(item.get("needs", true)),
    condition: asText(item.get("if")),
    settings: typeof settings === "object" && settings !== null && !Array.isArray(settings) ? (settings as Record<string, unknown>) : {},
    onError: asText(item.get("on_error")),
    firstLine: lines.linePos(start).line,
    lastLine: Math.max(lines.linePos(start).line, lines.linePos(Math.max(start, end - 1)).line),
  };
}

/** How large a note is that does not say. */
export const NOTE_SIZE = { width: 220, height: 96 } as const;

function readCanvas(canvas: unknown, view: DocumentView, lines: LineCounter): void {
  if (!isMap(canvas)) return;
  const [notes, frames]: unknown[] = [canvas.get("notes"), canvas.get("frames")];
  const linesOf = (node: unknown) => {
    const [start, end] = (isNode(node) && node.range) || [0, 0];
    const firstLine = lines.linePos(start).line;
    return { firstLine, lastLine: Math.max(firstLine, lines.linePos(Math.max(start, end - 1)).line) };
  };
  if (isSeq(notes)) {
    view.notes = notes.items.map((item, at) => {
      const get = (name: string) => (isMap(item) ? item.get(name) : undefined);
      return {
        key: `note:${at}`,
        text: asText(get("text")) ?? "",
        beside: asText(get("beside")),
        x: asNumber(get("x"), 0),
        y: asNumber(get("y"), 0),
        width: asNumber(get("width"), NOTE_SIZE.width),
        height: asNumber(get("height"), NOTE_SIZE.height),
        ...linesOf(item),
      };
    });
  }
  if (isSeq(frames)) {
    view.frames = frames.items.map((item, at) => ({
      key: `frame:${at}`,
      title: (isMap(item) && asText(item.get("title"))) || "",
      steps: isMap(item) ? asList(item.get("steps", true)) : [],
      ...linesOf(item),
    }));
  }
}

function asNumber(value: unknown, otherwise: number): number {
  return typeof value === "number" && Number.isFinite(value) ? value : otherwise;
}

export function readPort(text: string): PortRef {
  const at = text.indexOf(".");
  return at < 0 ? { step: text, port: null } : { step: text.slice(0, at), port: text.slice(at + 1) };
}

export function spellPort({ step, port }: PortRef): string {
  return port === null ? step : `${step}.${port}`;
}

function readInputs(inputs: YAMLMap): InputView[] {
  return inputs.items.flatMap((pair) => {
    const name = isPair(pair) && isScalar(pair.key) ? asText(pair.key.value) : null;
    if (name === null) return [];
    const value = isNode(pair.value) ? toPlain(pair.value) : pair.value;
    const given = typeof value === "object" && value !== null ? (value as Record<string, unknown>) : { type: value };
    return [
      {
        name,
        type: asText(given["type"]) ?? "string",
        default: given["default"],
        description: asText(given["description"]),
        options: Array.isArray(given["options"]) ? given["options"] : [],
        isNeeded: given["default"] === undefined,
      },
    ];
  });
}

/** A value without its comments; an alias, which the server refuses anyway, is nothing. */
export function toPlain(node: unknown): unknown {
  if (isScalar(node)) return node.value;
  if (isSeq(node)) return node.items.map(toPlain);
  if (isMap(node)) {
    return Object.fromEntries(node.items.map((pair) => [isScalar(pair.key) ? String(pair.key.value) : "", toPlain(pair.value)]));
  }
  return isNode(node) ? null : node;
}

function asList(node: unknown): string[] {
  const plain = toPlain(node);
  const list = Array.isArray(plain) ? plain : plain === null || plain === undefined ? [] : [plain];
  return list.map(asText).filter((text): text is string => text !== null);
}

function asText(value: unknown): string | null {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return null;
}
