import { read } from "../document/read.ts";
import type { Action } from "./action.ts";

export const selectAll: Action = {
  id: "select-all",
  label: ["Select all", "全选"],
  shortcuts: ["Mod+a"],
  isEnabled: ({ graph }) => graph.nodes.length > 0,
  perform: ({ state, graph }) => {
    const { notes, frames } = read(state.text);
    state.select([...graph.nodes, ...notes, ...frames].map((one) => one.key));
  },
};
