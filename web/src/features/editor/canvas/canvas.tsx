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
import { changeFrame, changeNote, isItem } from "../document/canvas.ts";
import { addNeed, addStep, connect, splice } from "../document/edit.ts";
import type { FrameView, NoteView } from "../document/read.ts";
import { useEditor } from "../document/store.ts";
import { takesRows, wireKind } from "../graph/connect.ts";
import { refOf, type Graph, type Kinds } from "../graph/graph.ts";
import type { Place, Places } from "../graph/layout.ts";
import { followers, nearestStep, regrouped, stepBoxes, stepsIn, type Box } from "../graph/surround.ts";
import type { StepFlowEdge } from "../nodes/step-edge.tsx";
import "./canvas.css";
import { useFar } from "./far.ts";
import { edgeTypes, nodeTypes, problemsByStep, toEdges, toNodes, type FlowNode } from "./flow.ts";

export const KIND_TYPE = "application/x-sluice-kind";

const NO_STATES = new Map<string, never>();

interface Props {
  graph: Graph;
  kinds: Kinds;
  places: Places;
  notes: readonly NoteView[];
  frames: readonly FrameView[];
  handle: Ref<CanvasHandle>;
  label: string;
}

export function Canvas({ graph, kinds, places, notes, frames, handle, label }: Props) {
  const flow = useReactFlow<FlowNode, StepFlowEdge>();
  const { isFar, isCulled } = useFar(graph.nodes.length);
  const frame = useRef<HTMLDivElement>(null);
  const selected = useEditor((state) => state.selected);
  const selectedEdges = useEditor((state) => state.selectedEdges);
  const problems = useEditor((state) => state.problems);
  const pins = useEditor((state) => state.pins);
  const language = useLanguage((state) => state.language);
  const pressed = useRef({ isDown: false, at: 0, key: "" });
  useEffect(() => {
    const release = () => {
      if (pressed.current.isDown) pressed.current = { ...pressed.current, isDown: false, at: Date.now() };
    };
    window.addEventListener("pointerup", release, true);
    window.addEventListener("pointercancel", release, true);
    return () => {
      window.removeEventListener("pointerup", release, true);
      window.removeEventListener("pointercancel", release, true);
    };
  }, []);
  const onSplice = useCallback((edge: string, x: number, y: number) => {
    useEditor.getState().setPanel({ kind: "add", x, y, edge });
  }, []);
  // Counted up to draw again what a drag left elsewhere than the document says.
  const [turn, setTurn] = useState(0);
  const latest = useRef({ graph, places, notes, frames });
  latest.current = { graph, places, notes, frames };
  const onResized = useCallback((key: string, box: Box) => {
    const state = useEditor.getState();
    const boxes = stepBoxes(latest.current.graph, latest.current.places);
    const isNote = key.startsWith("note:");
    const noteOf = (wanted: string) => latest.current.notes.find((one) => one.key === wanted);
    state.edit(isNote ? changeNote(state.text, key, { ...besides(box, boxes, noteOf(key)?.beside ?? null), width: box.width, height: box.height }) : changeFrame(state.text, key, { steps: stepsIn(box, boxes) }));
    setTurn((before) => before + 1);
  }, []);
  const shown = useMemo(
    () => ({ graph, places, notes, frames, pins, selected, selectedEdges, problems: problemsByStep(problems), states: NO_STATES, isFixed: false, onSplice, onResized }),
    // The nodes' own words change with the language.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [graph, places, notes, frames, pins, selected, selectedEdges, problems, onSplice, onResized, language],
  );
  // Kept here so that a drag does not write to the document's store at every pixel.
  const [nodes, setNodes] = useState<FlowNode[]>([]);
  useEffect(() => {
    setNodes((before) => {
      const measured = new Map(before.map((node) => [node.id, node]));
      return toNodes(shown).map((node) => ({ ...measured.get(node.id), ...node }));
    });
  }, [shown, turn]);
  const edges = useMemo(() => toEdges(shown), [shown]);

  useImperativeHandle(
    handle,
    (): CanvasHandle => ({
      fit: () => void flow.fitView({ padding: 0.06, maxZoom: 1.1, duration: 120 }),
      zoomTo: (zoom) => void flow.zoomTo(zoom, { duration: 120 }),
      zoomIn: () => void flow.zoomIn({ duration: 120 }),
      zoomOut: () => void flow.zoomOut({ duration: 120 }),
      center: (key) => {
        // What the pointer has just taken is seen, and must not slip away beneath it.
        const { isDown, at: pressedAt, key: taken } = pressed.current;
        if (isDown || (taken === key && Date.now() - pressedAt < 400)) return;
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

  const onNodesChange = useCallback((changes: NodeChange<FlowNode>[]) => {
    const state = useEditor.getState();
    const chosen = changes.filter((change) => change.type === "select");
    if (chosen.length > 0) {
      const next = new Set(state.selected);
      for (const change of chosen) if (change.selected) next.add(change.id);
      else next.delete(change.id);
      state.select([...next], state.selectedEdges);
    }
    setNodes((before) => applyNodeChanges([...changes.filter((change) => change.type !== "remove"), ...alongWith(changes, before, latest.current)], before));
  }, []);
  const onNodeDragStop = useCallback(
    (_: unknown, __: unknown, moved: FlowNode[]) => {
      const state = useEditor.getState();
      const { graph, places, notes, frames } = latest.current;
      const keys = new Set(moved.flatMap(({ id }) => [id, ...followers(id, frames, notes)]));
      const round = ({ x, y }: Place) => ({ x: Math.round(x), y: Math.round(y) });
      const next: Record<string, Place> = {};
      for (const node of flow.getNodes()) if (keys.has(node.id) && !isItem(node.id)) next[node.id] = round(node.position);
      const before = stepBoxes(graph, places);
      const after = stepBoxes(graph, { ...places, ...next });
      let { text } = state;
      // A frame that was dragged took its steps along; they do not leave it, nor others.
      const steps = moved.filter(({ id }) => !isItem(id)).map(({ id }) => id);
      for (const [key, members] of regrouped(frames, before, after, steps)) text = changeFrame(text, key, { steps: members });
      for (const node of moved) {
        const note = notes.find((one) => one.key === node.id);
        if (note) text = changeNote(text, note.key, besidesNearest({ ...node.position, width: note.width, height: note.height }, after));
      }
      state.place(next, text);
      setTurn((turns) => turns + 1);
    },
    [flow],
  );
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
      className={`canvas ${isFar ? "canvas-far" : ""}`}
      onPointerDownCapture={({ target }) => {
        const node = target instanceof Element ? target.closest(".react-flow__node") : null;
        pressed.current = { isDown: true, at: Date.now(), key: node?.getAttribute("data-id") ?? "" };
      }}
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
      <ReactFlow<FlowNode, StepFlowEdge>
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        edgeTypes={edgeTypes}
        onNodesChange={onNodesChange}
        onEdgesChange={onEdgesChange}
        onNodeDragStop={onNodeDragStop}
        onConnect={onConnect}
        onConnectEnd={onConnectEnd}
        isValidConnection={isValid}
        onPaneClick={() => useEditor.getState().select([])}
        onlyRenderVisibleElements={isCulled}
        zoomOnDoubleClick={false}
        deleteKeyCode={null}
        selectionKeyCode="Shift"
        multiSelectionKeyCode={["Control", "Meta"]}
        panActivationKeyCode="Space"
        disableKeyboardA11y
        minZoom={0.04}
        maxZoom={2}
        snapToGrid
        snapGrid={[4, 4]}
        fitView
        fitViewOptions={{ padding: 0.06, maxZoom: 1 }}
        aria-label={label}
      >
        {!isFar && <Background variant={BackgroundVariant.Dots} gap={20} size={1.2} color="var(--grid)" />}
        {graph.nodes.length > 8 && <MiniMap pannable zoomable position="top-right" className="minimap" nodeColor={onMinimap} maskColor="transparent" />}
      </ReactFlow>
    </div>
  );
}

function onMinimap(node: FlowNode): string {
  return node.type === "step" ? "var(--ink-3)" : "transparent";
}

/** The step a note belongs to where it stands now, and how far it is from it. */
function besidesNearest(box: Box, steps: ReadonlyMap<string, Box>) {
  return besides(box, steps, nearestStep(box, steps));
}

function besides(box: Box, steps: ReadonlyMap<string, Box>, beside: string | null): { beside: string | null; x: number; y: number } {
  const anchor = beside === null || beside.startsWith("#") ? undefined : steps.get(beside);
  return { beside: anchor ? beside : null, x: Math.round(box.x - (anchor?.x ?? 0)), y: Math.round(box.y - (anchor?.y ?? 0)) };
}

/** What goes along with the nodes that a drag moves. */
function alongWith(changes: readonly NodeChange<FlowNode>[], nodes: readonly FlowNode[], shown: { notes: readonly NoteView[]; frames: readonly FrameView[] }): NodeChange<FlowNode>[] {
  const moved = new Set(changes.flatMap((change) => (change.type === "position" ? [change.id] : [])));
  const more = new Map<string, NodeChange<FlowNode>>();
  for (const change of changes) {
    // One that is given another size moves, too, but not what stands in it.
    if (change.type !== "position" || !change.position || !change.dragging) continue;
    const node = nodes.find((one) => one.id === change.id);
    if (!node) continue;
    const [dx, dy] = [change.position.x - node.position.x, change.position.y - node.position.y];
    for (const id of followers(change.id, shown.frames, shown.notes)) {
      const other = nodes.find((one) => one.id === id);
      if (!other || moved.has(id) || more.has(id)) continue;
      more.set(id, { id, type: "position", position: { x: other.position.x + dx, y: other.position.y + dy } });
    }
  }
  return [...more.values()];
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
