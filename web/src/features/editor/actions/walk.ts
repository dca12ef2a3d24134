import { downstream, upstream } from "../graph/connect.ts";
import { neighbor } from "../graph/layout.ts";
import type { Action } from "./action.ts";
import type { Pair } from "@/lib/language.ts";

type Way = "left" | "right" | "up" | "down";

/** Arrow keys: to the next step that way, along edges where there are some. */
function walk(way: Way, key: string, label: Pair): Action {
  return {
    id: `walk-${way}`,
    label,
    shortcuts: [key],
    isEnabled: ({ graph }) => graph.nodes.length > 0,
    perform: ({ state, graph, places, canvas }) => {
      const here = state.selected.at(-1);
      const next = here === undefined ? graph.nodes[0]?.key : neighbor(graph, places, here, way);
      if (next === undefined) return;
      state.select([next]);
      canvas.center(next);
    },
  };
}

export const walkLeft = walk("left", "ArrowLeft", ["Step before", "上一步骤"]);
export const walkRight = walk("right", "ArrowRight", ["Step after", "下一步骤"]);
export const walkUp = walk("up", "ArrowUp", ["Step above", "上方步骤"]);
export const walkDown = walk("down", "ArrowDown", ["Step below", "下方步骤"]);

export const extendDown: Action = {
  id: "extend-downstream",
  label: ["Select all that follows", "选择所有下游"],
  shortcuts: ["Shift+ArrowRight"],
  isEnabled: ({ state }) => state.selected.length > 0,
  perform: ({ state, graph }) => state.select([...new Set([...state.selected, ...downstream(graph, state.selected)])]),
};

export const extendUp: Action = {
  id: "extend-upstream",
  label: ["Select all that comes before", "选择所有上游"],
  shortcuts: ["Shift+ArrowLeft"],
  isEnabled: ({ state }) => state.selected.length > 0,
  perform: ({ state, graph }) => state.select([...new Set([...state.selected, ...upstream(graph, state.selected)])]),
};
