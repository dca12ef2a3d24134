import type { Action } from "./action.ts";

export const open: Action = {
  id: "open",
  label: ["Open the step's settings", "打开步骤设置"],
  shortcuts: ["Enter"],
  isEnabled: ({ state }) => state.selected.length === 1,
  perform: () => document.querySelector<HTMLElement>("#step-form input, #step-form select, #step-form textarea")?.focus(),
};
