import { addNote } from "../document/canvas.ts";
import { NOTE_SIZE } from "../document/read.ts";
import type { Action } from "./action.ts";

/** Above the selected step where there is one, else in the middle of what is seen. */
export const note: Action = {
  id: "note",
  label: ["Add a note", "添加备注"],
  shortcuts: ["n"],
  isEnabled: () => true,
  perform: ({ state, graph, canvas }) => {
    const [beside = null] = state.selected.filter((key) => graph.nodes.some((node) => node.key === key));
    const { place } = canvas.middle();
    const at = beside === null ? { x: place.x - NOTE_SIZE.width / 2, y: place.y - NOTE_SIZE.height / 2 } : { x: 0, y: -NOTE_SIZE.height - 20 };
    const added = addNote(state.text, { text: "", beside, ...at, ...NOTE_SIZE });
    state.edit(added.text);
    state.select([added.key]);
    state.setWriting(added.key);
  },
};
