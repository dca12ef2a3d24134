import type { Action } from "./action.ts";

export const fit: Action = {
  id: "fit",
  label: ["Show all", "显示全部"],
  shortcuts: ["1"],
  isEnabled: () => true,
  perform: ({ canvas }) => canvas.fit(),
};
