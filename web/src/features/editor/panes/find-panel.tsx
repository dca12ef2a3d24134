import { Dialog } from "radix-ui";
import { Chooser } from "@/components/chooser.tsx";
import { useWords } from "@/lib/language.ts";
import type { CanvasHandle } from "../actions/action.ts";
import { useEditor } from "../document/store.ts";
import type { Graph } from "../graph/graph.ts";
import { iconOf } from "../nodes/icons.ts";
import { words } from "../words.ts";
import "./add-panel.css";

/** Finds a step by its id, title, kind or telling setting, and goes there. */
export function FindPanel({ graph, canvas }: { graph: Graph; canvas: CanvasHandle | null }) {
  const t = useWords(words);
  const close = () => useEditor.getState().setPanel(null);
  return (
    <Dialog.Root open modal={false} onOpenChange={(isOpen) => !isOpen && close()}>
      <Dialog.Portal>
        <Dialog.Content className="add-panel find-panel" aria-describedby={undefined}>
          <Dialog.Title className="only-read">{t("find")}</Dialog.Title>
          <Chooser
            label={t("find")}
            placeholder={t("find")}
            empty={t("noStep")}
            choices={graph.nodes.map((node) => ({
              key: node.key,
              label: node.title,
              detail: node.line,
              keywords: [node.key, node.uses],
              icon: iconOf(node.uses),
            }))}
            onChoose={({ key }) => {
              close();
              useEditor.getState().select([key]);
              canvas?.center(key);
            }}
          />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
