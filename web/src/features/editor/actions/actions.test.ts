import { beforeEach, describe, expect, it } from "vitest";
import { matches, type Stroke } from "@/lib/shortcut.ts";
import { sendable } from "../document/pins.ts";
import { read } from "../document/read.ts";
import { isDirty, useEditor } from "../document/store.ts";
import { graphOf } from "../graph/graph.ts";
import { layout } from "../graph/layout.ts";
import type { Action, CanvasHandle, Context } from "./action.ts";
import { actions } from "./all.ts";

const TEXT = `name: fruit
steps:
  - { id: rows, uses: fetch }
  - { id: checked, uses: validate, from: rows }
  - { id: stored, uses: write, from: checked, needs: rows }
`;

const nothing = () => undefined;
const canvas: CanvasHandle = {
  fit: nothing,
  zoomTo: nothing,
  zoomIn: nothing,
  zoomOut: nothing,
  center: nothing,
  middle: () => ({ x: 0, y: 0, place: { x: 0, y: 0 } }),
};

function context(): Context {
  const state = useEditor.getState();
  const graph = graphOf(read(state.text).steps, new Map());
  return { state, graph, kinds: new Map(), places: layout(graph), canvas, save: () => Promise.resolve(true) };
}

function perform(id: string): void {
  const action = actions.find((one) => one.id === id);
  if (!action?.isEnabled(context())) throw new Error(`${id} is not enabled`);
  action.perform(context());
}

const keysOf = () => read(useEditor.getState().text).steps.map((step) => step.key);

describe("actions", () => {
  beforeEach(() => {
    localStorage.clear();
    useEditor.getState().open({ id: "workflow_1", name: "fruit", version: 1, text: TEXT }, TEXT);
  });

  it("have keys that no other has", () => {
    const seen = new Map<string, Action>();
    for (const action of actions) {
      for (const shortcut of action.shortcuts) {
        expect(seen.get(shortcut)?.id, shortcut).toBeUndefined();
        seen.set(shortcut, action);
      }
    }
    const stroke: Stroke = { key: "Delete", ctrlKey: false, metaKey: false, shiftKey: true, altKey: false };
    expect(actions.filter((action) => action.shortcuts.some((one) => matches(stroke, one))).map((one) => one.id)).toEqual([
      "remove-and-reconnect",
    ]);
  });

  it("delete, undo and redo leave nothing out", () => {
    useEditor.getState().select(["checked"]);
    perform("remove");
    expect(keysOf()).toEqual(["rows", "stored"]);
    perform("undo");
    expect(useEditor.getState().text).toBe(TEXT);
    expect(isDirty(useEditor.getState())).toBe(false);
    perform("redo");
    expect(keysOf()).toEqual(["rows", "stored"]);
  });

  it("delete a step and join its neighbors", () => {
    useEditor.getState().select(["checked"]);
    perform("remove-and-reconnect");
    expect(read(useEditor.getState().text).steps[1]?.from).toEqual([{ step: "rows", port: null }]);
  });

  it("delete edges of both kinds", () => {
    const edges = context().graph.edges.map((edge) => edge.id);
    expect(edges).toEqual(["data:rows.out:checked", "data:checked.out:stored", "control:rows:stored"]);
    useEditor.getState().select([], edges);
    perform("remove");
    expect(read(useEditor.getState().text).steps.flatMap((step) => [...step.from, ...step.needs])).toEqual([]);
    expect(keysOf()).toHaveLength(3);
  });

  it("duplicate under new names and select them", () => {
    useEditor.getState().select(["checked", "stored"]);
    perform("duplicate");
    expect(keysOf()).toEqual(["rows", "checked", "stored", "checked_2", "stored_2"]);
    expect(useEditor.getState().selected).toEqual(["checked_2", "stored_2"]);
  });

  it("switch steps off and on, but never lose a condition", () => {
    useEditor.getState().select(["rows"]);
    perform("switch-off");
    expect(read(useEditor.getState().text).steps[0]?.condition).toBe("false");
    perform("switch-off");
    expect(read(useEditor.getState().text).steps[0]?.condition).toBeNull();
  });

  it("walk along edges", () => {
    perform("walk-right");
    expect(useEditor.getState().selected).toEqual(["rows"]);
    perform("walk-right");
    perform("extend-downstream");
    expect(useEditor.getState().selected).toEqual(["checked", "stored"]);
  });

  it("typing is undone together, and drafts are kept until they are saved", () => {
    const { edit } = useEditor.getState();
    for (const letter of ["#", "# a", "# ab"]) edit(`${TEXT}${letter}\n`, "typing");
    expect(useEditor.getState().past).toHaveLength(1);
    useEditor.getState().open({ id: "workflow_1", name: "fruit", version: 1, text: TEXT }, TEXT);
    expect(useEditor.getState().text).toBe(`${TEXT}# ab\n`);
    expect(useEditor.getState().isDraft).toBe(true);
    useEditor.getState().dropDraft();
    expect(useEditor.getState().text).toBe(TEXT);
  });

  it("make notes and frames, which are undone, copied and deleted like steps", () => {
    const view = () => read(useEditor.getState().text);
    useEditor.getState().select(["rows", "checked"]);
    perform("frame");
    expect(view().frames[0]?.steps).toEqual(["rows", "checked"]);
    expect(useEditor.getState().writing).toBe("frame:0");
    useEditor.getState().select(["rows"]);
    perform("note");
    expect(view().notes[0]?.beside).toBe("rows");
    perform("select-all");
    expect(useEditor.getState().selected).toEqual(["rows", "checked", "stored", "note:0", "frame:0"]);
    perform("duplicate");
    expect(view().frames[1]?.steps).toEqual(["rows_2", "checked_2"]);
    perform("undo");
    useEditor.getState().select(["rows"]);
    perform("remove");
    // The note stays where it stood.
    const place = layout(graphOf(read(TEXT).steps, new Map()))["rows"];
    expect(view().notes[0]).toMatchObject({ beside: null, x: place?.x, y: (place?.y ?? 0) - 116 });
    expect(view().frames[0]?.steps).toEqual(["checked"]);
    useEditor.getState().select(["note:0", "frame:0"]);
    perform("remove");
    expect([view().notes, view().frames]).toEqual([[], []]);
    for (let times = 0; times < 4; times++) perform("undo");
    expect(useEditor.getState().text).toBe(TEXT);
  });

  it("keep pins for their step through a new name and another visit, and never in the document", () => {
    const ports = [{ port: "out", columns: [{ name: "id", nativeType: "Int64" }], rows: "[[9007199254740993]]" }];
    useEditor.getState().pin("rows", ports);
    useEditor.getState().renamed("rows", "raw");
    expect(Object.keys(useEditor.getState().pins)).toEqual(["raw"]);
    expect(useEditor.getState().text).toBe(TEXT);
    useEditor.getState().open({ id: "workflow_1", name: "fruit", version: 1, text: TEXT }, TEXT);
    expect(sendable(useEditor.getState().pins, ["raw", "checked"])).toEqual([{ step: "raw", ...ports[0] }]);
    expect(sendable(useEditor.getState().pins, ["checked"])).toEqual([]);
    useEditor.getState().pin("raw", null);
    useEditor.getState().open({ id: "workflow_1", name: "fruit", version: 1, text: TEXT }, TEXT);
    expect(useEditor.getState().pins).toEqual({});
  });

  it("align and spread what is selected, and leave the others where they are", () => {
    useEditor.getState().place({ rows: { x: 0, y: 40 }, checked: { x: 300, y: 0 }, stored: { x: 900, y: 80 } });
    useEditor.getState().select(["rows", "checked", "stored"]);
    const at = () => {
      const { places } = useEditor.getState();
      return [places["rows"], places["checked"], places["stored"]];
    };
    const placed = () => ({ ...context(), places: useEditor.getState().places });
    const run = (id: string) => actions.find((one) => one.id === id)?.perform(placed());
    run("spread");
    expect(at()).toEqual([{ x: 0, y: 40 }, { x: 450, y: 0 }, { x: 900, y: 80 }]);
    useEditor.getState().select(["checked", "stored"]);
    run("align-top");
    expect(at()).toEqual([{ x: 0, y: 40 }, { x: 450, y: 0 }, { x: 900, y: 0 }]);
    run("align-left");
    expect(at()).toEqual([{ x: 0, y: 40 }, { x: 450, y: 0 }, { x: 450, y: 0 }]);
    expect(actions.find((one) => one.id === "spread")?.isEnabled(placed())).toBe(false);
  });
});
