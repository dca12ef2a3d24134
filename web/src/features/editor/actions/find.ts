import type { Action } from "./action.ts";

export const find: Action = {
  id: "find",
  label: ["Find a step", "查找步骤"],
  shortcuts: ["Mod+f"],
  isEnabled: ({ graph }) => graph.nodes.length > 0,
  perform: ({ state }) => state.setPanel({ kind: "find" }),
};
