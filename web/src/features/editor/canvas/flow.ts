/** From the graph to what React Flow draws. */
import { MarkerType } from "@xyflow/react";
import type { Graph } from "../graph/graph.ts";
import type { Places } from "../graph/layout.ts";
import type { StepFlowEdge } from "../nodes/step-edge.tsx";
import { isBad, type StepFlowNode, type StepState } from "../nodes/step-node.tsx";

export interface Shown {
  graph: Graph;
  places: Places;
  selected: readonly string[];
  selectedEdges: readonly string[];
  /** How many problems each step has. */
  problems: ReadonlyMap<string, number>;
  states: ReadonlyMap<string, StepState>;
  isFixed: boolean;
  onSplice: ((id: string, x: number, y: number) => void) | undefined;
}

export function toNodes(shown: Shown): StepFlowNode[] {
  return shown.graph.nodes.map((node) => ({
    id: node.key,
    type: "step",
    position: shown.places[node.key] ?? { x: 0, y: 0 },
    selected: shown.selected.includes(node.key),
    draggable: !shown.isFixed,
    ariaLabel: `${node.uses}: ${node.title}`,
    data: { node, problems: shown.problems.get(node.key) ?? 0, state: shown.states.get(node.key), isFixed: shown.isFixed },
  }));
}

export function toEdges(shown: Shown): StepFlowEdge[] {
  return shown.graph.edges.map((edge) => {
    const state = shown.states.get(edge.from);
    const isData = edge.kind === "data";
    return {
      id: edge.id,
      type: "step",
      source: edge.from,
      target: edge.to,
      sourceHandle: isData ? `out:${edge.port ?? "out"}` : "then",
      targetHandle: "in",
      selected: shown.selectedEdges.includes(edge.id),
      markerEnd: { type: MarkerType.ArrowClosed, width: 14, height: 14, color: "var(--ink-3)" },
      data: {
        kind: edge.kind,
        isBad: isBad(edge.port),
        rows: isData ? state?.ports[edge.port ?? "out"] : undefined,
        isRunning: isData && state?.status === "RUNNING",
        onSplice: isData ? shown.onSplice : undefined,
      },
    };
  });
}

/** How many problems stand against each step: by the path the server gives (`steps.stored.with.table`). */
export function problemsByStep(problems: readonly { path?: string | null }[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { path } of problems) {
    const step = /^steps\.([^.]+)/.exec(path ?? "")?.[1];
    if (step) counts.set(step, (counts.get(step) ?? 0) + 1);
  }
  return counts;
}
