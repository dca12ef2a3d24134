/** Two versions as graphs, one above the other: steps that are gone, new or other are marked. */
import { Background, BackgroundVariant, ReactFlow, ReactFlowProvider } from "@xyflow/react";
import { useMemo } from "react";
import { useWords } from "@/lib/language.ts";
import { edgeTypes, nodeTypes, stepNodes, toEdges } from "../canvas/flow.ts";
import { read } from "../document/read.ts";
import { changesOf, type Mark } from "../graph/changes.ts";
import { graphOf, type Kinds } from "../graph/graph.ts";
import { layout } from "../graph/layout.ts";
import { useKinds } from "../use-kinds.ts";
import { words } from "../words.ts";

const NOTHING = new Map<string, never>();

export function VersionGraphs({ before, after, name }: { before: string; after: string; name: string }) {
  const t = useWords(words);
  const { kinds } = useKinds();
  const marks = useMemo(() => changesOf(read(before).steps, read(after).steps), [before, after]);
  const count = (mark: Mark) => [...marks.before.values(), ...(mark === "added" ? marks.after.values() : [])].filter((one) => one === mark).length;
  return (
    <>
      <p className="muted version-legend" role="status">
        <span className="version-added">+ {t("stepsAdded", { n: count("added") })}</span>
        <span className="version-removed">− {t("stepsRemoved", { n: count("removed") })}</span>
        <span className="version-changed">≠ {t("stepsChanged", { n: count("changed") })}</span>
      </p>
      <Graph title={name} text={before} marks={marks.before} kinds={kinds} />
      <Graph title={t("now")} text={after} marks={marks.after} kinds={kinds} />
    </>
  );
}

function Graph({ title, text, marks, kinds }: { title: string; text: string; marks: ReadonlyMap<string, Mark>; kinds: Kinds }) {
  const shown = useMemo(() => {
    const graph = graphOf(read(text).steps, kinds);
    return { graph, places: layout(graph), selected: [], selectedEdges: [], problems: NOTHING, states: NOTHING, isFixed: true, onSplice: undefined };
  }, [text, kinds]);
  const nodes = useMemo(
    () =>
      stepNodes(shown).map((node) => {
        const mark = marks.get(node.id);
        return mark ? { ...node, className: `version-${mark}`, ariaLabel: `${node.ariaLabel ?? ""}: ${mark}` } : node;
      }),
    [shown, marks],
  );
  const edges = useMemo(() => toEdges(shown), [shown]);
  return (
    <figure className="version-graph">
      <figcaption>{title}</figcaption>
      <div className="version-canvas">
        <ReactFlowProvider>
          <ReactFlow
            nodes={nodes}
            edges={edges}
            nodeTypes={nodeTypes}
            edgeTypes={edgeTypes}
            nodesDraggable={false}
            nodesConnectable={false}
            edgesFocusable={false}
            nodesFocusable={false}
            minZoom={0.05}
            fitView
            fitViewOptions={{ padding: 0.1, maxZoom: 1 }}
            deleteKeyCode={null}
            disableKeyboardA11y
            aria-label={title}
          >
            <Background variant={BackgroundVariant.Dots} gap={20} size={1.2} color="var(--grid)" />
          </ReactFlow>
        </ReactFlowProvider>
      </div>
    </figure>
  );
}
