/**
 * Changes a document's text: each function takes the text and answers the new one. Only the lines of the step that
 * changes are written anew; every other line stays as its author left it, comments within the step included.
 */
import { Document, isMap, isScalar, isSeq, Pair, parseDocument, Scalar, YAMLMap, YAMLSeq, type Node } from "yaml";
import { copyItems, pasteItems, renameInCanvas } from "./canvas.ts";
import { parse, read, spellPort, type PortRef, type StepView } from "./read.ts";

const STYLE = { lineWidth: 0, indent: 2, flowCollectionPadding: true } as const;

/** A step as it is added: its kind, where its rows come from, what it waits for. */
export interface NewStep {
  uses: string;
  id?: string;
  from?: PortRef[];
  needs?: string[];
  settings?: Record<string, unknown>;
}

/** An id that no step has yet: `write`, `write_2`, … */
export function freeId(text: string, wish: string): string {
  const taken = new Set(read(text).steps.map((step) => step.key));
  const base = (wish.replace(/^plugin\//, "").toLowerCase().replace(/[^a-z0-9_]+/g, "_").replace(/^[^a-z]+/, "") || "step").slice(0, 60);
  if (!taken.has(base)) return base;
  for (let number = 2; ; number++) if (!taken.has(`${base}_${number}`)) return `${base}_${number}`;
}

/** Adds a step at the end, or right after the step called `after`. */
export function addStep(text: string, step: NewStep, after?: string): { text: string; id: string } {
  const id = freeId(text, step.id ?? step.uses);
  const map = new YAMLMap();
  map.set("id", id);
  map.set("uses", step.uses);
  if (step.from?.length) map.set("from", listNode(step.from.map(spellPort)));
  if (step.needs?.length) map.set("needs", listNode(step.needs));
  if (step.settings) map.set("with", new Document(step.settings).contents);
  return { text: insertItems(text, [map], after), id };
}

/** Removes steps. With `reconnect`, what followed a removed step then follows what it followed. */
export function removeSteps(text: string, keys: readonly string[], reconnect = false): string {
  const gone = new Set(keys);
  const steps = read(text).steps;
  const find = new Map(steps.map((step) => [step.key, step]));
  // Back through removed steps to those that stay.
  const sources = (ref: PortRef, seen = new Set<string>()): PortRef[] => {
    if (!gone.has(ref.step)) return [ref];
    if (!reconnect || seen.has(ref.step)) return [];
    seen.add(ref.step);
    return (find.get(ref.step)?.from ?? []).flatMap((before) => sources(before, seen));
  };
  const waits = (key: string, seen = new Set<string>()): string[] => {
    if (!gone.has(key)) return [key];
    if (!reconnect || seen.has(key)) return [];
    seen.add(key);
    return (find.get(key)?.needs ?? []).flatMap((before) => waits(before, seen));
  };
  let result = text;
  for (const step of steps) {
    if (gone.has(step.key)) continue;
    if (step.from.some((ref) => gone.has(ref.step))) {
      result = setFrom(result, step.key, unique(step.from.flatMap((ref) => sources(ref)), spellPort));
    }
    if (step.needs.some((key) => gone.has(key))) {
      result = setNeeds(result, step.key, unique(step.needs.flatMap((key) => waits(key)), String));
    }
  }
  // From the last to the first, so that places stay right.
  for (const step of read(result).steps.toReversed()) {
    if (gone.has(step.key)) result = removeItem(result, step.index);
  }
  return renameInCanvas(result, (step) => (gone.has(step) ? undefined : step));
}

/** Gives a step another id, everywhere: in `from`, in `needs` and in expressions. */
export function renameStep(text: string, key: string, id: string): string {
  const old = new RegExp(`(\\bsteps\\.)${escape(key)}(?![A-Za-z0-9_])`, "g");
  let result = text;
  for (const step of read(text).steps) {
    result = editStep(result, step.index, (map) => {
      let isChanged = false;
      if (step.key === key) {
        setScalar(map, "id", id);
        isChanged = true;
      }
      if (step.from.some((ref) => ref.step === key)) {
        setList(map, "from", step.from.map((ref) => spellPort(ref.step === key ? { ...ref, step: id } : ref)));
        isChanged = true;
      }
      if (step.needs.includes(key)) {
        setList(map, "needs", step.needs.map((need) => (need === key ? id : need)));
        isChanged = true;
      }
      return replaceInScalars(map, old, `$1${id}`) || isChanged;
    });
  }
  return renameInCanvas(result, (step) => (step === key ? id : step));
}

/** Leads rows of a port into a step. */
export function connect(text: string, from: PortRef, to: string): string {
  const step = find(text, to);
  if (!step || step.from.some((ref) => spellPort(ref) === spellPort(from))) return text;
  return setFrom(text, to, [...step.from, from]);
}

/** Lets a step wait for another. */
export function addNeed(text: string, before: string, step: string): string {
  const found = find(text, step);
  if (!found || found.needs.includes(before)) return text;
  return setNeeds(text, step, [...found.needs, before]);
}

export function setFrom(text: string, key: string, from: readonly PortRef[]): string {
  return editKey(text, key, (map) => setList(map, "from", from.map(spellPort)));
}

export function setNeeds(text: string, key: string, needs: readonly string[]): string {
  return editKey(text, key, (map) => setList(map, "needs", needs));
}

/** Sets a key of the step itself (`name`, `if`, `timeout`, …); undefined removes it. */
export function setStepKey(text: string, key: string, name: string, value: unknown): string {
  return editKey(text, key, (map) => setIn(map, [name], value));
}

/** Sets one of the step's settings, at a path below `with`; undefined removes it. */
export function setSetting(text: string, key: string, path: readonly (string | number)[], value: unknown): string {
  return editKey(text, key, (map) => {
    setIn(map, ["with", ...path], value);
    const settings = map.get("with", true);
    if (isMap(settings) && settings.items.length === 0) map.delete("with");
  });
}

/** A step put into an edge: it takes the edge's rows, and what took them takes its own. */
export function splice(text: string, from: PortRef, to: string, step: NewStep, port: string | null): { text: string; id: string } {
  const added = addStep(text, { ...step, from: [from] }, from.step);
  const target = find(added.text, to);
  if (!target) return added;
  const refs = target.from.map((ref) => (spellPort(ref) === spellPort(from) ? { step: added.id, port } : ref));
  return { text: setFrom(added.text, to, refs), id: added.id };
}

/** The steps as YAML, as they are put on the clipboard: a list, or with notes and frames a document of their own. */
export function copySteps(text: string, keys: readonly string[]): string {
  const items = copyItems(text, keys);
  const steps = read(text)
    .steps.filter((step) => keys.includes(step.key))
    .map((step) => dedent(blockOf(text, step.index)?.body ?? ""))
    .join("");
  return items === "" ? steps : `${steps === "" ? "" : `steps:\n${steps}`}${items}`;
}

/** Adds the steps, notes and frames that a text spells (a list, or a whole document), under ids that are free here. */
export function pasteSteps(text: string, pasted: string): { text: string; ids: string[] } {
  const parsed = parseDocument(pasted, { strict: false });
  const root = parsed.contents;
  const list = isSeq(root) ? root : isMap(root) ? root.get("steps") : undefined;
  const items: unknown[] = isSeq(list) ? list.items : isMap(root) && root.has("uses") ? [root] : [];
  const maps = items.flatMap((item: unknown): YAMLMap[] => (isMap(item) && item.has("uses") ? [item] : []));
  const names = new Map<string, string>();
  let probe = text;
  for (const map of maps) {
    const old = String(map.get("id") ?? map.get("uses"));
    const added = addStep(probe, { uses: "x", id: old });
    probe = added.text;
    names.set(old, added.id);
  }
  const known = new Set([...read(text).steps.map((step) => step.key)]);
  for (const map of maps) {
    map.set("id", names.get(String(map.get("id") ?? map.get("uses"))));
    // Edges among the pasted follow their new names; others stay where this document has such a step.
    const keep = (step: string) => names.get(step) ?? (known.has(step) ? step : undefined);
    const plain = read(new Document({ steps: [map.toJSON() as unknown] }).toString()).steps[0];
    setList(
      map,
      "from",
      (plain?.from ?? []).flatMap((ref) => {
        const step = keep(ref.step);
        return step === undefined ? [] : [spellPort({ ...ref, step })];
      }),
    );
    setList(map, "needs", (plain?.needs ?? []).flatMap((need) => keep(need) ?? []));
    for (const [old, id] of names) {
      if (old !== id) replaceInScalars(map, new RegExp(`(\\bsteps\\.)${escape(old)}(?![A-Za-z0-9_])`, "g"), `$1${id}`);
    }
  }
  const drawn = pasteItems(maps.length ? insertItems(text, maps) : text, pasted, (step) => names.get(step) ?? (known.has(step) ? step : undefined));
  return { text: drawn.text, ids: [...names.values(), ...drawn.keys] };
}

export function find(text: string, key: string): StepView | undefined {
  return read(text).steps.find((step) => step.key === key);
}

/** Reads a value as YAML, as people write one into a field. */
export function parseValue(text: string): unknown {
  const document = parseDocument(text, { strict: false });
  if (document.errors[0]) throw new Error(document.errors[0].message.split("\n")[0]);
  return document.toJSON() as unknown;
}

/** A value as YAML for a field. */
export function spellValue(value: unknown): string {
  return new Document(value).toString(STYLE).replace(/\n$/, "");
}

function editKey(text: string, key: string, change: (map: YAMLMap) => void): string {
  const step = find(text, key);
  if (!step) return text;
  return editStep(text, step.index, (map) => {
    change(map);
    return true;
  });
}

interface Block {
  /** Where the step's lines begin and end in the text. */
  start: number;
  end: number;
  indent: string;
  body: string;
}

/** The lines of a step; undefined where steps are not written one below the other. */
function blockOf(text: string, index: number): Block | undefined {
  const { document } = parse(text);
  const steps = isMap(document.contents) ? document.contents.get("steps") : undefined;
  const item = isSeq(steps) && !steps.flow ? steps.items[index] : undefined;
  if (!isMap(item) || !item.range) return undefined;
  const start = text.lastIndexOf("\n", item.range[0] - 1) + 1;
  const lead = text.slice(start, item.range[0]);
  const dash = /^(\s*)-\s+$/.exec(lead);
  if (!dash) return undefined;
  let end = text.indexOf("\n", Math.max(item.range[0], item.range[1] - 1));
  // A block text ends after its last line feed.
  if (text[item.range[1] - 1] === "\n") end = item.range[1] - 1;
  end = end < 0 ? text.length : end + 1;
  return { start, end, indent: dash[1] ?? "", body: text.slice(start, end) };
}

function editStep(text: string, index: number, change: (map: YAMLMap) => boolean): string {
  const { document } = parse(text);
  const steps = isMap(document.contents) ? document.contents.get("steps") : undefined;
  const item = isSeq(steps) ? steps.items[index] : undefined;
  if (!isMap(item)) return text;
  const block = blockOf(text, index);
  if (!change(item)) return text;
  if (!block) return whole(document, text);
  return text.slice(0, block.start) + spellItem(item, block.indent) + text.slice(block.end);
}

function removeItem(text: string, index: number): string {
  const block = blockOf(text, index);
  const { document } = parse(text);
  const steps = isMap(document.contents) ? document.contents.get("steps") : undefined;
  if (!isSeq(steps)) return text;
  if (!block || steps.items.length === 1) {
    steps.items.splice(index, 1);
    if (steps.items.length === 0) steps.flow = true;
    return whole(document, text);
  }
  return text.slice(0, block.start) + text.slice(block.end);
}

function insertItems(text: string, items: YAMLMap[], after?: string): string {
  const { document } = parse(text);
  if (!isMap(document.contents)) document.contents = new YAMLMap();
  const root = document.contents;
  const steps = root.get("steps");
  const views = read(text).steps;
  const anchor = views.find((step) => step.key === after) ?? views.at(-1);
  const block = anchor ? blockOf(text, anchor.index) : undefined;
  if (block) {
    const before = text.slice(0, block.end);
    const glue = before.endsWith("\n") ? "" : "\n";
    return before + glue + items.map((item) => spellItem(item, block.indent)).join("") + text.slice(block.end);
  }
  if (isSeq(steps)) {
    steps.items.splice(anchor ? anchor.index + 1 : steps.items.length, 0, ...items);
    if (anchor === undefined) steps.flow = false;
  } else {
    const list = new YAMLSeq();
    list.items.push(...items);
    root.set("steps", list);
  }
  return whole(document, text);
}

/** One step as the lines of a list's item. What stands before and after it in the text is not the step's. */
function spellItem(item: YAMLMap, indent: string): string {
  item.commentBefore = null;
  item.comment = null;
  item.spaceBefore = false;
  const first = item.items[0];
  if (first && isScalar(first.key)) first.key.spaceBefore = false;
  const list = new YAMLSeq();
  list.items.push(item);
  const document = new Document();
  document.contents = list;
  return document
    .toString(STYLE)
    .replace(/\n$/, "")
    .split("\n")
    .map((line) => `${line ? indent + line : line}\n`)
    .join("");
}

function setList(map: YAMLMap, name: string, texts: readonly string[]): void {
  if (texts.length === 0) {
    map.delete(name);
    return;
  }
  const node = listNode(texts);
  const pair = map.items.find((one) => isScalar(one.key) && one.key.value === name);
  if (pair) pair.value = node;
  else insertPair(map, name, node);
}

function listNode(texts: readonly string[]): Node {
  if (texts.length === 1) return new Scalar(texts[0]);
  const list = new YAMLSeq();
  list.flow = true;
  list.items.push(...texts.map((text) => new Scalar(text)));
  return list;
}

function setScalar(map: YAMLMap, name: string, value: unknown): void {
  const node = map.get(name, true);
  if (isScalar(node)) node.value = value;
  else insertPair(map, name, new Scalar(value));
}

/** The whole document written anew; what cannot be read stays as it is. */
function whole(document: Document, text: string): string {
  return document.errors.length > 0 ? text : document.toString(STYLE);
}

/** The order in which a step's keys are written. */
const ORDER = ["id", "uses", "name", "from", "needs", "if", "with", "retry", "timeout", "on_error"];

function insertPair(map: YAMLMap, name: string, value: unknown): void {
  const rank = ORDER.indexOf(name);
  const at = rank < 0 ? -1 : map.items.findIndex((pair) => isScalar(pair.key) && ORDER.indexOf(String(pair.key.value)) > rank);
  const pair = new Pair(new Scalar(name), value);
  if (at < 0) map.items.push(pair);
  else map.items.splice(at, 0, pair as never);
}

/** Sets, makes or removes the value at a path, keeping the node that is there where only its value changes. */
function setIn(map: YAMLMap, path: readonly (string | number)[], value: unknown): void {
  const [head, ...rest] = path;
  if (head === undefined) return;
  if (rest.length === 0) {
    if (value === undefined) {
      map.delete(head);
      return;
    }
    const old = map.get(head, true);
    if (isScalar(old) && (typeof value !== "object" || value === null)) {
      if (typeof old.value !== typeof value) delete old.type;
      old.value = value;
      return;
    }
    const node = new Document(value).contents;
    if (isMap(node) || isSeq(node)) node.flow = isMap(old) || isSeq(old) ? (old.flow ?? false) : spellValue(value).length < 60;
    const pair = map.items.find((one) => isScalar(one.key) && one.key.value === head);
    if (pair) pair.value = node;
    else insertPair(map, String(head), node);
    return;
  }
  const old: unknown = map.get(head, true);
  if (isMap(old)) {
    setIn(old, rest, value);
    return;
  }
  if (value === undefined) return;
  const made = new YAMLMap();
  const pair = map.items.find((one) => isScalar(one.key) && one.key.value === head);
  if (pair) pair.value = made;
  else insertPair(map, String(head), made);
  setIn(made, rest, value);
}

function replaceInScalars(node: unknown, old: RegExp, by: string): boolean {
  if (isScalar(node)) {
    if (typeof node.value !== "string") return false;
    const replaced = node.value.replace(old, by);
    const isChanged = replaced !== node.value;
    node.value = replaced;
    return isChanged;
  }
  let isChanged = false;
  if (isMap(node)) for (const pair of node.items) isChanged = replaceInScalars(pair.value, old, by) || isChanged;
  if (isSeq(node)) for (const item of node.items) isChanged = replaceInScalars(item, old, by) || isChanged;
  return isChanged;
}

function dedent(block: string): string {
  const indent = /^\s*/.exec(block)?.[0].length ?? 0;
  return block
    .split("\n")
    .map((line) => line.slice(Math.min(indent, line.length - line.trimStart().length)))
    .join("\n");
}

function unique<T>(items: readonly T[], key: (item: T) => string): T[] {
  return [...new Map(items.map((item) => [key(item), item])).values()];
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
