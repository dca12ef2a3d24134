import { isItem } from "../document/canvas.ts";
import type { Action } from "./action.ts";

export const rename: Action = {
  id: "rename",
  label: ["Rename", "重命名"],
  shortcuts: ["F2"],
  isEnabled: ({ state }) => state.selected.length === 1,
  perform: ({ state }) => {
    const [key = ""] = state.selected;
    if (isItem(key)) return state.setWriting(key);
    const input = document.querySelector<HTMLInputElement>("#step-id");
    input?.focus();
    return input?.select();
  },
};
