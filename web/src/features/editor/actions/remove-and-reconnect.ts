import { removeSteps } from "../document/edit.ts";
import type { Action } from "./action.ts";

export const removeAndReconnect: Action = {
  id: "remove-and-reconnect",
  label: ["Delete and reconnect", "删除并重新连接"],
  shortcuts: ["Shift+Delete", "Shift+Backspace"],
  isEnabled: ({ state }) => state.selected.length > 0,
  perform: ({ state }) => {
    state.edit(removeSteps(state.text, state.selected, true));
    state.select([]);
  },
};
