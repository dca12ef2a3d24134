/** The step kinds, to drag onto the canvas or to add by a click. */
import { useState } from "react";
import { TextInput } from "@/components/field.tsx";
import { pick, useLanguage, useWords } from "@/lib/language.ts";
import { KIND_TYPE } from "../canvas/canvas.tsx";
import { addStep } from "../document/edit.ts";
import { useEditor } from "../document/store.ts";
import type { Kind, Kinds } from "../graph/graph.ts";
import { iconOf, KIND_GROUPS } from "../nodes/icons.ts";
import { words } from "../words.ts";
import "./kind-list.css";

export function KindList({ kinds }: { kinds: Kinds }) {
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  const [wanted, setWanted] = useState("");
  const needle = wanted.trim().toLowerCase();
  const known = new Set(KIND_GROUPS.flatMap((group) => group.kinds));
  const others = [...kinds.keys()].filter((name) => !known.has(name));
  const groups = [...KIND_GROUPS, { label: ["More", "其他"] as const, kinds: others }];
  return (
    <aside className="kinds" aria-label={t("steps")}>
      <div className="kinds-find">
        <TextInput type="search" aria-label={t("findKind")} placeholder={t("findKind")} value={wanted} onChange={(event) => setWanted(event.target.value)} />
      </div>
      <div className="kinds-list">
        {groups.map((group) => {
          const shown = group.kinds
            .map((name) => kinds.get(name))
            .filter((kind): kind is Kind => kind !== undefined)
            .filter((kind) => `${kind.name} ${kind.summary}`.toLowerCase().includes(needle));
          if (shown.length === 0) return null;
          return (
            <div key={group.label[0]} role="group" aria-label={pick(group.label, language)}>
              <div className="kinds-title">{pick(group.label, language)}</div>
              {shown.map((kind) => (
                <KindButton key={kind.name} kind={kind} />
              ))}
            </div>
          );
        })}
      </div>
    </aside>
  );
}

function KindButton({ kind }: { kind: Kind }) {
  const Icon = iconOf(kind.name);
  return (
    <button
      type="button"
      className="kind"
      draggable
      title={kind.summary}
      data-kind={kind.name}
      onDragStart={(event) => {
        event.dataTransfer.setData(KIND_TYPE, kind.name);
        event.dataTransfer.effectAllowed = "copy";
      }}
      onClick={() => {
        const { text, edit, select } = useEditor.getState();
        const added = addStep(text, { uses: kind.name });
        edit(added.text);
        select([added.id]);
      }}
    >
      <Icon size={15} aria-hidden />
      {kind.name}
    </button>
  );
}
