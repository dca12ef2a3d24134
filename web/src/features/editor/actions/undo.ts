import type { Action } from "./action.ts";

export const undo: Action = {
  id: "undo",
  label: ["Undo", "撤销"],
  shortcuts: ["Mod+z"],
  isInText: true,
  isEnabled: ({ state }) => state.past.length > 0,
  perform: ({ state }) => state.undo(),
};
