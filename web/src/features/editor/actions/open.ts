import { isItem } from "../document/canvas.ts";
import type { Action } from "./action.ts";

export const open: Action = {
  id: "open",
  label: ["Open the step's settings, write in the note", "打开步骤设置，编辑备注"],
  shortcuts: ["Enter"],
  isEnabled: ({ state }) => state.selected.length === 1,
  perform: ({ state }) => {
    const [key = ""] = state.selected;
    if (isItem(key)) state.setWriting(key);
    else document.querySelector<HTMLElement>("#step-form input, #step-form select, #step-form textarea")?.focus();
  },
};
