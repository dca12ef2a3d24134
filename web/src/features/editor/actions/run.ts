import type { Action } from "./action.ts";

export const run: Action = {
  id: "run",
  label: ["Run", "运行"],
  shortcuts: ["Mod+Enter"],
  isInText: true,
  isEnabled: ({ graph }) => graph.nodes.length > 0,
  perform: ({ state }) => state.setPanel({ kind: "run" }),
};
