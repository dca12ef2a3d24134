import { refOf } from "../graph/graph.ts";
import type { Action } from "./action.ts";

/** After the selected step where there is one, else in the middle of what is seen. */
export const add: Action = {
  id: "add",
  label: ["Add a step", "添加步骤"],
  shortcuts: ["Tab"],
  isEnabled: () => true,
  perform: ({ state, graph, kinds, canvas }) => {
    const { x, y, place } = canvas.middle();
    const [key] = state.selected;
    const node = state.selected.length === 1 ? graph.nodes.find((one) => one.key === key) : undefined;
    if (!node) return state.setPanel({ kind: "add", x, y, place });
    const [port] = node.ports;
    const from = { ...refOf(node.key, port ?? null, node.uses, kinds), isData: port !== undefined };
    return state.setPanel({ kind: "add", x, y, from });
  },
};
