import type { Action } from "./action.ts";

export const keys: Action = {
  id: "keys",
  label: ["Show this list", "显示此列表"],
  shortcuts: ["?"],
  isEnabled: () => true,
  perform: ({ state }) => state.setPanel({ kind: "keys" }),
};
