import type { Action } from "./action.ts";

export const zoomOut: Action = {
  id: "zoom-out",
  label: ["Smaller", "缩小"],
  shortcuts: ["-"],
  isEnabled: () => true,
  perform: ({ canvas }) => canvas.zoomOut(),
};
