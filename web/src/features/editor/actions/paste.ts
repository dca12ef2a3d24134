import { pasteSteps } from "../document/edit.ts";
import type { EditorState } from "../document/store.ts";
import type { Action } from "./action.ts";

export const paste: Action = {
  id: "paste",
  label: ["Paste", "粘贴"],
  shortcuts: ["Mod+v"],
  isNative: true,
  isEnabled: () => true,
  perform: ({ state }) => void navigator.clipboard.readText().then((text) => pasteText(state, text)),
};

/** Adds the steps that a text spells, and selects them; answers how many there were. */
export function pasteText(state: EditorState, pasted: string): number {
  const { text, ids } = pasteSteps(state.text, pasted);
  if (ids.length > 0) {
    state.edit(text);
    state.select(ids);
  }
  return ids.length;
}
