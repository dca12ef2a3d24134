import { setStepKey } from "../document/edit.ts";
import { read } from "../document/read.ts";
import { isOff } from "../graph/graph.ts";
import type { Action } from "./action.ts";

/** Switches the selected steps off by `if: false`, or on again. */
export const switchOff: Action = {
  id: "switch-off",
  label: ["Switch off or on", "停用或启用"],
  shortcuts: ["m"],
  isEnabled: ({ state }) => state.selected.length > 0,
  perform: ({ state }) => {
    let { text } = state;
    const steps = read(text).steps.filter((step) => state.selected.includes(step.key));
    const areOff = steps.every(isOff);
    // A condition of its own is never overwritten: such a step stays as it is.
    for (const step of steps) {
      if (areOff) text = setStepKey(text, step.key, "if", undefined);
      else if (step.condition === null) text = setStepKey(text, step.key, "if", "false");
    }
    state.edit(text);
  },
};
