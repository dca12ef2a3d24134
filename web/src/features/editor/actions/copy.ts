import { copySteps } from "../document/edit.ts";
import type { Action } from "./action.ts";

export const copy: Action = {
  id: "copy",
  label: ["Copy as YAML", "复制为 YAML"],
  shortcuts: ["Mod+c"],
  isNative: true,
  isEnabled: ({ state }) => state.selected.length > 0,
  perform: ({ state }) => void navigator.clipboard.writeText(copySteps(state.text, state.selected)),
};
