/** The canvas: the document as a graph, to look at and to draw on. */
import {
  applyNodeChanges,
  Background,
  BackgroundVariant,
  MiniMap,
  ReactFlow,
  useReactFlow,
  type Connection,
  type EdgeChange,
  type FinalConnectionState,
  type NodeChange,
} from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import { useCallback, useEffect, useImperativeHandle, useMemo, useRef, useState, type Ref } from "react";
import { useLanguage } from "@/lib/language.ts";
import type { CanvasHandle } from "../actions/action.ts";
import { addNeed, addStep, connect, splice } from "../document/edit.ts";
import { useEditor } from "../document/store.ts";
import { takesRows, wireKind } from "../graph/connect.ts";
import { refOf, type Graph, type Kinds } from "../graph/graph.ts";
import type { Places } from "../graph/layout.ts";
import { StepEdge, type StepFlowEdge } from "../nodes/step-edge.tsx";
import { StepNode, type StepFlowNode } from "../nodes/step-node.tsx";
import "./canvas.css";
import { problemsByStep, toEdges, toNodes } from "./flow.ts";

export const KIND_TYPE = "application/x-sluice-kind";

const nodeTypes = { step: StepNode };
const edgeTypes = { step: StepEdge };
const NO_STATES = new Map<string, never>();

interface Props {
  graph: Graph;
  kinds: Kinds;
  places: Places;
  handle: Ref<CanvasHandle>;
  label: string;
}

export function Canvas({ graph, kinds, places, handle, label }: Props) {
  const flow = useReactFlow<StepFlowNode, StepFlowEdge>();
  const frame = useRef<HTMLDivElement>(null);
  const { selected, selectedEdges, problems } = useEditor();
  const language = useLanguage((state) => state.language);
  const onSplice = useCallback((edge: string, x: number, y: number) => {
    useEditor.getState().setPanel({ kind: "add", x, y, edge });
  }, []);
  const shown = useMemo(
    () => ({ graph, places, selected, selectedEdges, problems: problemsByStep(problems), states: NO_STATES, isFixed: false, onSplice }),
    // The nodes' own words change with the language.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [graph, places, selected, selectedEdges, problems, onSplice, language],
  );
  // Kept here so that a drag does not write to the document's store at every pixel.
  const [nodes, setNodes] = useState<StepFlowNode[]>([]);
  useEffect(() => {
    setNodes((before) => {
      const measured = new Map(before.map((node) => [node.id, node]));
      return toNodes(shown).map((node) => ({ ...measured.get(node.id), ...node }));
    });
  }, [shown]);
  const edges = useMemo(() => toEdges(shown), [shown]);

  useImperativeHandle(
    handle,
    (): CanvasHandle => ({
      fit: () => void flow.fitView({ padding: 0.06, maxZoom: 1.1, duration: 120 }),
      zoomTo: (zoom) => void flow.zoomTo(zoom, { duration: 120 }),
      zoomIn: () => void flow.zoomIn({ duration: 120 }),
      zoomOut: () => void flow.zoomOut({ duration: 120 }),
      center: (key) => {
        const node = flow.getNode(key);
        const box = frame.current?.getBoundingClientRect();
        if (!node || !box) return;
        const at = flow.flowToScreenPosition({ x: node.position.x + 110, y: node.position.y + 40 });
        const isSeen = at.x > box.left + 120 && at.x < box.right - 120 && at.y > box.top + 50 && at.y < box.bottom - 50;
        if (!isSeen) void flow.setCenter(node.position.x + 110, node.position.y + 40, { zoom: flow.getZoom(), duration: 120 });
      },
      middle: () => {
        const box = frame.current?.getBoundingClientRect();
        const x = box ? box.left + box.width / 2 : 0;
        const y = box ? box.top + box.height / 2 : 0;
        return { x, y, place: flow.screenToFlowPosition({ x, y }) };
      },
    }),
    [flow],
  );

  const onNodesChange = useCallback((changes: NodeChange<StepFlowNode>[]) => {
    const state = useEditor.getState();
    const chosen = changes.filter((change) => change.type === "select");
    if (chosen.length > 0) {
      const next = new Set(state.selected);
      for (const change of chosen) if (change.selected) next.add(change.id);
      else next.delete(change.id);
      state.select([...next], state.selectedEdges);
    }
    setNodes((before) => applyNodeChanges(changes.filter((change) => change.type !== "remove"), before));
  }, []);
  const onEdgesChange = useCallback((changes: EdgeChange<StepFlowEdge>[]) => {
    const state = useEditor.getState();
    const next = new Set(state.selectedEdges);
    for (const change of changes) {
      if (change.type !== "select") continue;
      if (change.selected) next.add(change.id);
      else next.delete(change.id);
    }
    state.select(state.selected, [...next]);
  }, []);

  const isValid = useCallback(
    ({ source, target, sourceHandle }: { source: string | null; target: string | null; sourceHandle?: string | null }) =>
      source !== null && target !== null && wireKind(graph, source, portOf(sourceHandle) !== null, target) !== undefined,
    [graph],
  );
  const onConnect = useCallback(
    ({ source, target, sourceHandle }: Connection) => {
      const state = useEditor.getState();
      const port = portOf(sourceHandle);
      const kind = wireKind(graph, source, port !== null, target);
      if (kind === "control") state.edit(addNeed(state.text, source, target));
      if (kind === "data") state.edit(connect(state.text, refOf(source, port, usesOf(graph, source), kinds), target));
    },
    [graph, kinds],
  );
  const onConnectEnd = useCallback(
    (event: MouseEvent | TouchEvent, connection: FinalConnectionState) => {
      if (connection.toNode || !connection.fromNode || connection.fromHandle?.type !== "source") return;
      const { clientX: x, clientY: y } = "changedTouches" in event ? (event.changedTouches[0] ?? { clientX: 0, clientY: 0 }) : event;
      const port = portOf(connection.fromHandle.id);
      const key = connection.fromNode.id;
      useEditor.getState().setPanel({
        kind: "add",
        x,
        y,
        place: flow.screenToFlowPosition({ x, y: y - 27 }),
        from: { ...refOf(key, port, usesOf(graph, key), kinds), isData: port !== null },
      });
    },
    [flow, graph, kinds],
  );
  const onDrop = (event: React.DragEvent) => {
    const uses = event.dataTransfer.getData(KIND_TYPE);
    if (!uses) return;
    event.preventDefault();
    const state = useEditor.getState();
    const { clientX: x, clientY: y } = event;
    const edge = edgeUnder(graph, x, y);
    const kind = kinds.get(uses);
    if (edge?.kind === "data" && kind && takesRows(kind)) {
      const from = refOf(edge.from, edge.port, usesOf(graph, edge.from), kinds);
      const added = splice(state.text, from, edge.to, { uses }, null);
      state.edit(added.text);
      state.select([added.id]);
      return;
    }
    const added = addStep(state.text, { uses });
    const place = flow.screenToFlowPosition({ x, y });
    state.place({ [added.id]: { x: Math.round(place.x - 110), y: Math.round(place.y - 27) } });
    state.edit(added.text);
    state.select([added.id]);
  };

  return (
    <div
      ref={frame}
      className="canvas"
      onDragOver={(event) => {
        if (event.dataTransfer.types.includes(KIND_TYPE)) event.preventDefault();
      }}
      onDrop={onDrop}
      onDoubleClick={(event) => {
        if (!(event.target instanceof Element) || !event.target.classList.contains("react-flow__pane")) return;
        const { clientX: x, clientY: y } = event;
        useEditor.getState().setPanel({ kind: "add", x, y, place: flow.screenToFlowPosition({ x, y }) });
      }}
    >
      <ReactFlow<StepFlowNode, StepFlowEdge>
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        edgeTypes={edgeTypes}
        onNodesChange={onNodesChange}
        onEdgesChange={onEdgesChange}
        onNodeDragStop={(_, __, moved) => {
          const places = moved.map((node) => [node.id, { x: Math.round(node.position.x), y: Math.round(node.position.y) }] as const);
          useEditor.getState().place(Object.fromEntries(places));
        }}
        onConnect={onConnect}
        onConnectEnd={onConnectEnd}
        isValidConnection={isValid}
        onPaneClick={() => useEditor.getState().select([])}
        onlyRenderVisibleElements={graph.nodes.length > 80}
        zoomOnDoubleClick={false}
        deleteKeyCode={null}
        selectionKeyCode="Shift"
        multiSelectionKeyCode={["Control", "Meta"]}
        panActivationKeyCode="Space"
        disableKeyboardA11y
        minZoom={0.08}
        maxZoom={2}
        snapToGrid
        snapGrid={[4, 4]}
        fitView
        fitViewOptions={{ padding: 0.06, maxZoom: 1 }}
        aria-label={label}
      >
        <Background variant={BackgroundVariant.Dots} gap={20} size={1.2} color="var(--grid)" />
        {graph.nodes.length > 8 && <MiniMap pannable zoomable position="top-right" className="minimap" nodeColor="var(--ink-3)" maskColor="transparent" />}
      </ReactFlow>
    </div>
  );
}

function portOf(handle: string | null | undefined): string | null {
  return handle?.startsWith("out:") ? handle.slice(4) : null;
}

function usesOf(graph: Graph, key: string): string {
  return graph.nodes.find((node) => node.key === key)?.uses ?? "";
}

/** The edge that lies beneath the pointer. */
function edgeUnder(graph: Graph, x: number, y: number) {
  for (const element of document.elementsFromPoint(x, y)) {
    const id = element.closest(".react-flow__edge")?.getAttribute("data-id") ?? element.closest("[data-edge]")?.getAttribute("data-edge");
    if (id) return graph.edges.find((edge) => edge.id === id);
  }
  return undefined;
}
