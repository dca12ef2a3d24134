import { addFrame } from "../document/canvas.ts";
import type { Action, Context } from "./action.ts";

function stepsOf({ state, graph }: Context): string[] {
  return graph.nodes.map((node) => node.key).filter((key) => state.selected.includes(key) && !key.startsWith("#"));
}

export const frame: Action = {
  id: "frame",
  label: ["Frame the selected steps", "为所选步骤加框"],
  shortcuts: ["g"],
  isEnabled: (context) => stepsOf(context).length > 0,
  perform: (context) => {
    const { state } = context;
    const added = addFrame(state.text, { title: "", steps: stepsOf(context) });
    state.edit(added.text);
    state.select([added.key]);
    state.setWriting(added.key);
  },
};
