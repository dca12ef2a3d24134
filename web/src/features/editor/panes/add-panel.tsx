/** A list of step kinds at the pointer: type, choose, and the step stands there, connected. */
import { Dialog } from "radix-ui";
import { useMemo } from "react";
import { Chooser, type Choice } from "@/components/chooser.tsx";
import { useWords } from "@/lib/language.ts";
import { addStep, splice } from "../document/edit.ts";
import { useEditor, type Panel } from "../document/store.ts";
import { refOf, type Graph, type Kind, type Kinds } from "../graph/graph.ts";
import { takesRows } from "../graph/connect.ts";
import { iconOf, KIND_GROUPS } from "../nodes/icons.ts";
import { words } from "../words.ts";
import "./add-panel.css";

interface Props {
  panel: Extract<Panel, { kind: "add" }>;
  graph: Graph;
  kinds: Kinds;
}

const WIDTH = 320;
const HEIGHT = 430;

export function AddPanel({ panel, graph, kinds }: Props) {
  const t = useWords(words);
  const close = () => useEditor.getState().setPanel(null);
  // Where rows come in, kinds that take rows come first; else those that need none.
  const hasRows = Boolean(panel.edge ?? panel.from?.isData);
  const choices = useMemo(() => {
    const fitting = (kind: Kind) => Number(takesRows(kind) === hasRows);
    // In the order of the list at the left.
    const order = KIND_GROUPS.flatMap((group) => group.kinds);
    const place = (kind: Kind) => (order.includes(kind.name) ? order.indexOf(kind.name) : order.length);
    const sorted = [...kinds.values()].sort((a, b) => fitting(b) - fitting(a) || place(a) - place(b));
    return sorted.map((kind): Choice & { kind: Kind } => ({ key: kind.name, label: kind.name, detail: kind.summary, icon: iconOf(kind.name), kind }));
  }, [kinds, hasRows]);
  const left = Math.max(8, Math.min(panel.x, window.innerWidth - WIDTH - 8));
  const top = Math.max(8, Math.min(panel.y, window.innerHeight - HEIGHT - 8));
  return (
    <Dialog.Root open modal={false} onOpenChange={(isOpen) => !isOpen && close()}>
      <Dialog.Portal>
        <Dialog.Content className="add-panel" style={{ left, top, width: WIDTH }} aria-describedby={undefined}>
          <Dialog.Title className="only-read">{t("add")}</Dialog.Title>
          <Chooser
            label={t("add")}
            placeholder={t("findKind")}
            empty={t("noKind")}
            choices={choices}
            onChoose={({ kind }) => {
              close();
              add(panel, kind, graph, kinds);
            }}
          />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function add(panel: Props["panel"], kind: Kind, graph: Graph, kinds: Kinds): void {
  const state = useEditor.getState();
  const uses = kind.name;
  const edge = graph.edges.find((one) => one.id === panel.edge);
  if (edge) {
    const source = graph.nodes.find((node) => node.key === edge.from);
    const from = refOf(edge.from, edge.port, source?.uses ?? "", kinds);
    const added = takesRows(kind) ? splice(state.text, from, edge.to, { uses }, null) : addStep(state.text, { uses, needs: [edge.from] });
    state.edit(added.text);
    state.select([added.id]);
    return;
  }
  const { from } = panel;
  const isData = from?.isData === true && takesRows(kind);
  const added = addStep(
    state.text,
    { uses, ...(from ? (isData ? { from: [{ step: from.step, port: from.port }] } : { needs: [from.step] }) : {}) },
    from?.step,
  );
  if (panel.place) state.place({ [added.id]: { x: Math.round(panel.place.x), y: Math.round(panel.place.y) } });
  state.edit(added.text);
  state.select([added.id]);
}
