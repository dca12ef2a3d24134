import type { Action } from "./action.ts";

export const arrange: Action = {
  id: "arrange",
  label: ["Arrange all steps", "自动布局"],
  shortcuts: ["l"],
  isEnabled: ({ graph }) => graph.nodes.length > 0,
  perform: ({ state, canvas }) => {
    state.place(null);
    requestAnimationFrame(() => canvas.fit());
  },
};
