/**
 * The document being edited: its text, what was before and after it, what is selected, and what the server's checker
 * says. Canvas, form and text pane are views of this one text.
 */
import { create } from "zustand";
import type { ProblemView } from "@/graphql/problem.ts";
import { keep, kept } from "@/lib/storage.ts";
import type { Places } from "../graph/layout.ts";
import { keepPins, readPins, type PinnedPort, type Pins } from "./pins.ts";
import type { PortRef } from "./read.ts";

interface Snapshot {
  text: string;
  places: Places;
  /** Edits of one kind in a row, such as typing, are undone together. */
  merge: string | null;
  at: number;
}

/** What stands open above the editor. */
export type Panel =
  | { kind: "add"; x: number; y: number; place?: { x: number; y: number }; from?: PortRef & { isData: boolean }; edge?: string }
  | { kind: "find" }
  | { kind: "keys" }
  /** `given`: inputs of an earlier run, to begin with. */
  | { kind: "run"; given?: Record<string, unknown> }
  | { kind: "versions" }
  | { kind: "conflict" };

export interface EditorState {
  /** The workflow's name on the server; null: it was never saved. */
  saved: { id: string; name: string; version: number; text: string } | null;
  text: string;
  past: Snapshot[];
  future: Snapshot[];
  selected: string[];
  selectedEdges: string[];
  problems: ProblemView[];
  /** Where nodes were put by hand; others stand where the layout puts them. */
  places: Places;
  panel: Panel | null;
  /** Whether a draft of an earlier visit was brought back. */
  isDraft: boolean;
  /** Whether the pane of trials is open. */
  isTrying: boolean;
  /** The note or frame whose words are being written. */
  writing: string | null;
  /** Results of steps that trials take instead of running the steps again; kept in this browser only. */
  pins: Pins;

  open: (saved: EditorState["saved"], text: string) => void;
  edit: (text: string, merge?: string) => void;
  undo: () => void;
  redo: () => void;
  select: (keys: readonly string[], edges?: readonly string[]) => void;
  setProblems: (problems: readonly ProblemView[]) => void;
  /** Puts nodes where they were moved, null: where the layout puts all; what the move changes in the text goes with it. */
  place: (places: Places | null, text?: string) => void;
  setPanel: (panel: Panel | null) => void;
  setTrying: (isTrying: boolean) => void;
  setWriting: (key: string | null) => void;
  /** Pins what a step gave; null: it runs again. */
  pin: (step: string, ports: readonly PinnedPort[] | null) => void;
  /** A step has another id now. */
  renamed: (step: string, id: string) => void;
  markSaved: (saved: NonNullable<EditorState["saved"]>) => void;
  dropDraft: () => void;
}

const MERGED_WITHIN = 900;
const HISTORY = 200;

export const useEditor = create<EditorState>()((set, get) => ({
  saved: null,
  text: "",
  past: [],
  future: [],
  selected: [],
  selectedEdges: [],
  problems: [],
  places: {},
  panel: null,
  isDraft: false,
  isTrying: false,
  writing: null,
  pins: {},

  open: (saved, text) => {
    const name = saved?.name ?? "";
    const draft = kept(`draft.${name}`);
    const isDraft = draft !== null && draft !== text;
    const places = readPlaces(name);
    set({
      saved,
      text: isDraft ? draft : text,
      past: isDraft ? [{ text, places, merge: null, at: 0 }] : [],
      future: [],
      selected: [],
      selectedEdges: [],
      problems: [],
      places,
      panel: null,
      isDraft,
      isTrying: false,
      writing: null,
      pins: readPins(name),
    });
  },
  edit: (text, merge) => {
    const state = get();
    if (text === state.text) return;
    const now = Date.now();
    const last = state.past.at(-1);
    const isMerged = merge !== undefined && last?.merge === merge && now - last.at < MERGED_WITHIN;
    const past = isMerged ? [...state.past.slice(0, -1), { ...last, at: now }] : recorded(state, merge, now);
    set({ text, past, future: [] });
    keepDraft(get());
  },
  undo: () => {
    const { past, future, text, places } = get();
    const last = past.at(-1);
    if (!last) return;
    set({ text: last.text, places: last.places, past: past.slice(0, -1), future: [...future, { ...last, text, places }] });
    keepDraft(get());
    keepPlaces(get());
  },
  redo: () => {
    const { past, future, text, places } = get();
    const next = future.at(-1);
    if (!next) return;
    set({ text: next.text, places: next.places, future: future.slice(0, -1), past: [...past, { ...next, text, places, merge: null }] });
    keepDraft(get());
    keepPlaces(get());
  },
  select: (keys, edges = []) => {
    const { selected, selectedEdges } = get();
    if (same(selected, keys) && same(selectedEdges, edges)) return;
    set({ selected: [...keys], selectedEdges: [...edges] });
  },
  setProblems: (problems) => set({ problems: [...problems] }),
  place: (places, text) => {
    const state = get();
    const next = { places: places === null ? {} : { ...state.places, ...places }, text: text ?? state.text };
    if (next.text === state.text && samePlaces(next.places, state.places)) return;
    set({ ...next, past: recorded(state), future: [] });
    keepDraft(get());
    keepPlaces(get());
  },
  setPanel: (panel) => set({ panel }),
  setTrying: (isTrying) => set({ isTrying }),
  setWriting: (writing) => set({ writing }),
  pin: (step, ports) => {
    const others = Object.entries(get().pins).filter(([key]) => key !== step);
    const pins: Pins = Object.fromEntries(ports === null ? others : [...others, [step, ports]]);
    keepPins(get().saved?.name ?? "", pins);
    set({ pins });
  },
  renamed: (step, id) => {
    const { pins, places, pin } = get();
    const [ports, where] = [pins[step], places[step]];
    // The edit that renamed it is the one to undo; its place and its pin only follow.
    if (where) set({ places: { ...places, [id]: where } });
    keepPlaces(get());
    if (!ports) return;
    pin(id, ports);
    pin(step, null);
  },
  markSaved: (saved) => {
    const before = get().saved?.name ?? "";
    keep(`draft.${before}`, null);
    if (before !== saved.name) {
      keep(`places.${before}`, null);
      keepPins(saved.name, get().pins);
      keepPins(before, {});
    }
    set({ saved, isDraft: false });
    keepPlaces(get());
  },
  dropDraft: () => {
    const { saved, past } = get();
    keep(`draft.${saved?.name ?? ""}`, null);
    set({ isDraft: false, text: saved?.text ?? past[0]?.text ?? "", past: [], future: [] });
  },
}));

export function isDirty(state: Pick<EditorState, "saved" | "text">): boolean {
  return state.saved === null ? state.text !== "" : state.saved.text !== state.text;
}

function keepDraft(state: EditorState): void {
  keep(`draft.${state.saved?.name ?? ""}`, isDirty(state) ? state.text : null);
}

function keepPlaces({ saved, places }: EditorState): void {
  keep(`places.${saved?.name ?? ""}`, Object.keys(places).length ? JSON.stringify(places) : null);
}

function readPlaces(name: string): Places {
  try {
    const value: unknown = JSON.parse(kept(`places.${name}`) ?? "{}");
    return typeof value === "object" && value !== null ? (value as Places) : {};
  } catch {
    return {};
  }
}

/** What was, with what is put behind it. */
function recorded({ past, text, places }: EditorState, merge?: string, at = Date.now()): Snapshot[] {
  return [...past, { text, places, merge: merge ?? null, at }].slice(-HISTORY);
}

function samePlaces(a: Places, b: Places): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key]?.x === b[key]?.x && a[key]?.y === b[key]?.y);
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, at) => item === b[at]);
}
