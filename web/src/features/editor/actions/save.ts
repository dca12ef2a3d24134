import type { Action } from "./action.ts";

export const save: Action = {
  id: "save",
  label: ["Save", "保存"],
  shortcuts: ["Mod+s"],
  isInText: true,
  isEnabled: () => true,
  perform: (context) => void context.save(),
};
