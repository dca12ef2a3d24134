import type { Action } from "./action.ts";

export const redo: Action = {
  id: "redo",
  label: ["Redo", "重做"],
  shortcuts: ["Mod+Shift+z", "Mod+y"],
  isInText: true,
  isEnabled: ({ state }) => state.future.length > 0,
  perform: ({ state }) => state.redo(),
};
