import { beforeEach, describe, expect, it } from "vitest";
import { useEditor } from "./store.ts";

const state = () => useEditor.getState();

describe("the document's history", () => {
  beforeEach(() => {
    localStorage.clear();
    state().open({ id: "w", name: "w", version: 1, text: "a" }, "a");
  });

  it("undoes and redoes where nodes were put, in order with edits", () => {
    state().place({ one: { x: 1, y: 2 } });
    state().edit("b");
    state().place({ one: { x: 5, y: 2 }, two: { x: 0, y: 0 } });
    state().undo();
    expect([state().text, state().places]).toEqual(["b", { one: { x: 1, y: 2 } }]);
    state().undo();
    state().undo();
    expect([state().text, state().places]).toEqual(["a", {}]);
    state().redo();
    expect(state().places).toEqual({ one: { x: 1, y: 2 } });
    state().redo();
    state().redo();
    expect([state().text, state().places.one]).toEqual(["b", { x: 5, y: 2 }]);
  });

  it("takes a move and what it changes in the text as one", () => {
    state().place({ one: { x: 1, y: 2 } }, "b");
    state().undo();
    expect([state().text, state().places]).toEqual(["a", {}]);
  });

  it("brings back what tidying moved, also after a reload", () => {
    state().place({ one: { x: 1, y: 2 } });
    state().place(null);
    expect(state().places).toEqual({});
    state().undo();
    state().open({ id: "w", name: "w", version: 1, text: "a" }, "a");
    expect(state().places).toEqual({ one: { x: 1, y: 2 } });
  });

  it("records nothing where nothing moved", () => {
    state().place({ one: { x: 1, y: 2 } });
    state().place({ one: { x: 1, y: 2 } });
    expect(state().past).toHaveLength(1);
  });

  it("undoes a new id together with its place", () => {
    state().place({ one: { x: 1, y: 2 } });
    state().edit("b");
    state().renamed("one", "uno");
    expect(state().places.uno).toEqual({ x: 1, y: 2 });
    state().undo();
    expect([state().text, state().places]).toEqual(["a", { one: { x: 1, y: 2 } }]);
  });
});
