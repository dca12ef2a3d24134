import type { Action } from "./action.ts";

export const fullSize: Action = {
  id: "full-size",
  label: ["Full size", "实际大小"],
  shortcuts: ["0"],
  isEnabled: () => true,
  perform: ({ canvas }) => canvas.zoomTo(1),
};
