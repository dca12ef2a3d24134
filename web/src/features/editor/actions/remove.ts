import { loosenNotes, removeItems } from "../document/canvas.ts";
import { removeSteps, setFrom, setNeeds } from "../document/edit.ts";
import { read } from "../document/read.ts";
import type { Action, Context } from "./action.ts";

export const remove: Action = {
  id: "remove",
  label: ["Delete", "删除"],
  shortcuts: ["Delete", "Backspace"],
  isEnabled: ({ state }) => state.selected.length + state.selectedEdges.length > 0,
  perform: (context) => {
    const { state } = context;
    state.edit(withoutSelected(removeEdges(context), context));
    state.select([]);
  },
};

/** The text without the selected steps, notes and frames. */
export function withoutSelected(text: string, { state, places }: Pick<Context, "state" | "places">, reconnect = false): string {
  return removeSteps(removeItems(loosenNotes(text, state.selected, places), state.selected), state.selected, reconnect);
}

/** The text without the selected edges. */
export function removeEdges({ state, graph }: Pick<Context, "state" | "graph">): string {
  let { text } = state;
  for (const id of state.selectedEdges) {
    const edge = graph.edges.find((one) => one.id === id);
    const step = edge && read(text).steps.find((one) => one.key === edge.to);
    if (!edge || !step) continue;
    if (edge.kind === "control") {
      text = setNeeds(text, edge.to, step.needs.filter((need) => need !== edge.from));
      continue;
    }
    const first = graph.nodes.find((node) => node.key === edge.from)?.ports[0] ?? "out";
    const isThis = (port: string | null) => (port ?? first) === edge.port;
    text = setFrom(text, edge.to, step.from.filter((ref) => !(ref.step === edge.from && isThis(ref.port))));
  }
  return text;
}
