import type { Action } from "./action.ts";
import { withoutSelected } from "./remove.ts";

export const removeAndReconnect: Action = {
  id: "remove-and-reconnect",
  label: ["Delete and reconnect", "删除并重新连接"],
  shortcuts: ["Shift+Delete", "Shift+Backspace"],
  isEnabled: ({ state }) => state.selected.length > 0,
  perform: (context) => {
    const { state } = context;
    state.edit(withoutSelected(state.text, context, true));
    state.select([]);
  },
};
