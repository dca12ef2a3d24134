/** A run drawn over the graph of the version it runs; nothing can be changed. */
import { Background, BackgroundVariant, ReactFlow, ReactFlowProvider } from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import { useMemo } from "react";
import { Skeleton } from "@/components/empty.tsx";
import { useLanguage, useWords } from "@/lib/language.ts";
import { useFar } from "./canvas/far.ts";
import { edgeTypes, nodeTypes, toEdges, toNodes } from "./canvas/flow.ts";
import "./canvas/canvas.css";
import { read } from "./document/read.ts";
import { graphOf } from "./graph/graph.ts";
import { layout } from "./graph/layout.ts";
import type { StepState } from "./nodes/step-node.tsx";
import { useKinds } from "./use-kinds.ts";
import { words } from "./words.ts";

const NO_PROBLEMS = new Map<string, number>();

export interface RunGraphProps {
  text: string;
  states: ReadonlyMap<string, StepState>;
  chosen: string | null;
  onChoose: (step: string | null) => void;
}

export function RunGraph(props: RunGraphProps) {
  return (
    <ReactFlowProvider>
      <Drawn {...props} />
    </ReactFlowProvider>
  );
}

function Drawn({ text, states, chosen, onChoose }: RunGraphProps) {
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  const { kinds, isLoaded } = useKinds();
  const document = useMemo(() => read(text), [text]);
  const graph = useMemo(() => graphOf(document.steps, kinds), [document, kinds]);
  const places = useMemo(() => layout(graph, document.frames), [graph, document]);
  const { isFar, isCulled } = useFar(graph.nodes.length);
  const shown = useMemo(
    () => {
      const { notes, frames } = document;
      return { graph, places, notes, frames, selected: chosen ? [chosen] : [], selectedEdges: [], problems: NO_PROBLEMS, states, isFixed: true, onSplice: undefined };
    },
    // The nodes' own words change with the language.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [document, graph, places, chosen, states, language],
  );
  const nodes = useMemo(() => toNodes(shown), [shown]);
  const edges = useMemo(() => toEdges(shown), [shown]);
  if (!isLoaded) return <Skeleton rows={4} />;
  return (
    <div className={`canvas ${isFar ? "canvas-far" : ""}`}>
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        edgeTypes={edgeTypes}
        nodesDraggable={false}
        nodesConnectable={false}
        edgesFocusable={false}
        onNodeClick={(_, node) => onChoose(node.type === "step" ? node.id : null)}
        onPaneClick={() => onChoose(null)}
        minZoom={0.04}
        fitView
        fitViewOptions={{ padding: 0.12, maxZoom: 1 }}
        deleteKeyCode={null}
        disableKeyboardA11y
        onlyRenderVisibleElements={isCulled}
        aria-label={t("graph")}
      >
        {!isFar && <Background variant={BackgroundVariant.Dots} gap={20} size={1.2} color="var(--grid)" />}
      </ReactFlow>
    </div>
  );
}
