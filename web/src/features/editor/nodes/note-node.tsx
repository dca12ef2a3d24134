/** Free text on the canvas. Two clicks, Enter or F2 write in it. */
import { NodeResizer, type Node, type NodeProps } from "@xyflow/react";
import { memo, useState } from "react";
import { useWords } from "@/lib/language.ts";
import { changeNote } from "../document/canvas.ts";
import type { NoteView } from "../document/read.ts";
import { useEditor } from "../document/store.ts";
import type { Box } from "../graph/surround.ts";
import { words } from "../words.ts";
import "./drawn.css";

/** Told when it has been given another place and size. */
export type Resized = (key: string, box: Box) => void;

export type NoteFlowNode = Node<{ note: NoteView; isFixed: boolean; onResized: Resized | undefined }, "note">;

export const NoteNode = memo(function NoteNode({ id, data, selected }: NodeProps<NoteFlowNode>) {
  const { note, isFixed, onResized } = data;
  const t = useWords(words);
  const isWriting = useEditor((state) => state.writing === id) && !isFixed;
  return (
    <div
      className={`step-note ${selected ? "step-note-chosen" : ""}`}
      data-note={id}
      onDoubleClick={() => {
        if (!isFixed) useEditor.getState().setWriting(id);
      }}
    >
      {!isFixed && (
        <NodeResizer
          isVisible={selected}
          minWidth={80}
          minHeight={40}
          maxWidth={4000}
          maxHeight={4000}
          lineClassName="drawn-line"
          handleClassName="drawn-handle"
          onResizeEnd={(_, { x, y, width, height }) => onResized?.(id, { x, y, width, height })}
        />
      )}
      {isWriting ? <Writing note={note} label={t("note")} /> : <div className="step-note-text">{note.text || <span className="muted">{t("noteEmpty")}</span>}</div>}
    </div>
  );
});

function Writing({ note, label }: { note: NoteView; label: string }) {
  const [text, setText] = useState(note.text);
  const end = () => {
    const state = useEditor.getState();
    state.setWriting(null);
    state.edit(changeNote(state.text, note.key, { text }));
  };
  return (
    <textarea
      className="step-note-text nodrag nopan nowheel"
      aria-label={label}
      autoFocus
      maxLength={4000}
      value={text}
      onChange={(event) => setText(event.target.value)}
      onBlur={end}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Escape" || (event.key === "Enter" && (event.ctrlKey || event.metaKey))) event.currentTarget.blur();
      }}
    />
  );
}
