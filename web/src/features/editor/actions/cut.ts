import { copySteps } from "../document/edit.ts";
import type { Action } from "./action.ts";
import { withoutSelected } from "./remove.ts";

export const cut: Action = {
  id: "cut",
  label: ["Cut", "剪切"],
  shortcuts: ["Mod+x"],
  isNative: true,
  isEnabled: ({ state }) => state.selected.length > 0,
  perform: (context) => {
    const { state } = context;
    void navigator.clipboard.writeText(copySteps(state.text, state.selected));
    state.edit(withoutSelected(state.text, context));
    state.select([]);
  },
};
