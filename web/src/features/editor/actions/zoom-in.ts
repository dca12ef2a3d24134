import type { Action } from "./action.ts";

export const zoomIn: Action = {
  id: "zoom-in",
  label: ["Larger", "放大"],
  shortcuts: ["+", "="],
  isEnabled: () => true,
  perform: ({ canvas }) => canvas.zoomIn(),
};
