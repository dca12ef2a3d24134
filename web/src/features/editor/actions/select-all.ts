import type { Action } from "./action.ts";

export const selectAll: Action = {
  id: "select-all",
  label: ["Select all", "全选"],
  shortcuts: ["Mod+a"],
  isEnabled: ({ graph }) => graph.nodes.length > 0,
  perform: ({ state, graph }) => state.select(graph.nodes.map((node) => node.key)),
};
