import type { Action } from "./action.ts";

export const close: Action = {
  id: "close",
  label: ["Close", "关闭"],
  shortcuts: ["Escape"],
  isEnabled: ({ state }) => state.selected.length + state.selectedEdges.length > 0,
  perform: ({ state }) => state.select([]),
};
