import type { Action } from "./action.ts";

export const tryOut: Action = {
  id: "try",
  label: ["Try on a few rows", "用少量数据试运行"],
  shortcuts: ["Mod+Shift+Enter"],
  isInText: true,
  isEnabled: ({ graph }) => graph.nodes.length > 0,
  perform: ({ state }) => state.setTrying(true),
};
