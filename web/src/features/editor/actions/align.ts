import { NODE_WIDTH, type Place } from "../graph/layout.ts";
import type { Action, Context } from "./action.ts";

type Put = (chosen: readonly [string, Place][]) => readonly [string, Place][];

/** Several selected steps, put where the first, or the span of all, says. */
function aligning(id: string, label: Action["label"], least: number, put: Put): Action {
  const chosen = ({ state, places }: Context) => state.selected.flatMap((key): [string, Place][] => (places[key] ? [[key, places[key]]] : []));
  return {
    id,
    label,
    shortcuts: [],
    isEnabled: (context) => chosen(context).length >= least,
    perform: (context) => context.state.place(Object.fromEntries(put(chosen(context)))),
  };
}

export const alignTop = aligning("align-top", ["Align at the top", "顶部对齐"], 2, (chosen) => {
  const y = Math.min(...chosen.map(([, place]) => place.y));
  return chosen.map(([key, place]) => [key, { ...place, y }]);
});

export const alignLeft = aligning("align-left", ["Align at the left", "左侧对齐"], 2, (chosen) => {
  const x = Math.min(...chosen.map(([, place]) => place.x));
  return chosen.map(([key, place]) => [key, { ...place, x }]);
});

/** Equal gaps from the first to the last, along the way they are spread most. */
export const spread = aligning("spread", ["Spread evenly", "均匀分布"], 3, (chosen) => {
  const span = (of: "x" | "y") => Math.max(...chosen.map(([, place]) => place[of])) - Math.min(...chosen.map(([, place]) => place[of]));
  const way = span("x") >= Math.max(span("y"), NODE_WIDTH / 2) ? "x" : "y";
  const sorted = [...chosen].sort((a, b) => a[1][way] - b[1][way]);
  const first = sorted[0]?.[1][way] ?? 0;
  const gap = span(way) / (sorted.length - 1);
  return sorted.map(([key, place], at) => [key, { ...place, [way]: Math.round(first + gap * at) }]);
});
