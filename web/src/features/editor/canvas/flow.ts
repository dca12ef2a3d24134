/** From the graph to what React Flow draws. */
import { MarkerType } from "@xyflow/react";
import { placeOf } from "../document/canvas.ts";
import type { FrameView, NoteView } from "../document/read.ts";
import type { Pins } from "../document/pins.ts";
import type { Graph } from "../graph/graph.ts";
import type { Places } from "../graph/layout.ts";
import { frameBoxes, stepBoxes } from "../graph/surround.ts";
import { FRAME_HANDLE, FrameNode, type FrameFlowNode } from "../nodes/frame-node.tsx";
import { NoteNode, type NoteFlowNode, type Resized } from "../nodes/note-node.tsx";
import { StepEdge, type StepFlowEdge } from "../nodes/step-edge.tsx";
import { isBad, StepNode, type StepFlowNode, type StepState } from "../nodes/step-node.tsx";

export const nodeTypes = { step: StepNode, note: NoteNode, frame: FrameNode };
export const edgeTypes = { step: StepEdge };

export type FlowNode = StepFlowNode | NoteFlowNode | FrameFlowNode;

export interface Shown {
  graph: Graph;
  places: Places;
  selected: readonly string[];
  selectedEdges: readonly string[];
  /** How many problems each step has. */
  problems: ReadonlyMap<string, number>;
  states: ReadonlyMap<string, StepState>;
  notes?: readonly NoteView[];
  frames?: readonly FrameView[];
  pins?: Pins;
  isFixed: boolean;
  onSplice: ((id: string, x: number, y: number) => void) | undefined;
  onResized?: Resized;
}

export function toNodes(shown: Shown): FlowNode[] {
  return [...frameNodes(shown), ...stepNodes(shown), ...noteNodes(shown)];
}

export function stepNodes(shown: Shown): StepFlowNode[] {
  const selected = new Set(shown.selected);
  return shown.graph.nodes.map((node) => ({
    id: node.key,
    type: "step",
    position: shown.places[node.key] ?? { x: 0, y: 0 },
    selected: selected.has(node.key),
    draggable: !shown.isFixed,
    ariaLabel: `${node.uses}: ${node.title}`,
    data: {
      node,
      problems: shown.problems.get(node.key) ?? 0,
      state: shown.states.get(node.key),
      isPinned: shown.pins?.[node.key] !== undefined,
      isFixed: shown.isFixed,
    },
  }));
}

function noteNodes({ notes = [], places, selected, isFixed, onResized }: Shown): NoteFlowNode[] {
  return notes.map((note) => ({
    id: note.key,
    type: "note",
    position: placeOf(note, places),
    width: note.width,
    height: note.height,
    selected: selected.includes(note.key),
    draggable: !isFixed,
    connectable: false,
    ariaLabel: note.text.slice(0, 80),
    data: { note, isFixed, onResized },
  }));
}

/** Behind everything else; only titles and edges take the pointer. */
function frameNodes({ frames = [], graph, places, selected, isFixed, onResized }: Shown): FrameFlowNode[] {
  if (frames.length === 0) return [];
  const boxes = frameBoxes(frames, stepBoxes(graph, places));
  return frames.flatMap((frame): FrameFlowNode[] => {
    const box = boxes.get(frame.key);
    if (!box) return [];
    return [
      {
        id: frame.key,
        type: "frame",
        position: { x: box.x, y: box.y },
        width: box.width,
        height: box.height,
        // Chosen nodes are raised by a thousand; a frame stays behind even then. A wider one lies behind a narrower one.
        zIndex: -2_000 - Math.min(900, frame.steps.length),
        style: { pointerEvents: "none" },
        selected: selected.includes(frame.key),
        draggable: !isFixed,
        dragHandle: `.${FRAME_HANDLE}`,
        connectable: false,
        ariaLabel: frame.title,
        data: { frame, isFixed, onResized },
      },
    ];
  });
}

export function toEdges(shown: Shown): StepFlowEdge[] {
  const selected = new Set(shown.selectedEdges);
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
      selected: selected.has(edge.id),
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
