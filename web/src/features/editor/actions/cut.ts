import { copySteps, removeSteps } from "../document/edit.ts";
import type { Action } from "./action.ts";

export const cut: Action = {
  id: "cut",
  label: ["Cut", "剪切"],
  shortcuts: ["Mod+x"],
  isNative: true,
  isEnabled: ({ state }) => state.selected.length > 0,
  perform: ({ state }) => {
    void navigator.clipboard.writeText(copySteps(state.text, state.selected));
    state.edit(removeSteps(state.text, state.selected));
    state.select([]);
  },
};
