import { copySteps } from "../document/edit.ts";
import type { Action } from "./action.ts";
import { pasteText } from "./paste.ts";

export const duplicate: Action = {
  id: "duplicate",
  label: ["Duplicate", "重复"],
  shortcuts: ["Mod+d"],
  isEnabled: ({ state }) => state.selected.length > 0,
  perform: ({ state }) => {
    pasteText(state, copySteps(state.text, state.selected));
  },
};
