/** A frame around steps. By its title it is dragged, and its steps with it; its edges say which steps stand in it. */
import { NodeResizer, type Node, type NodeProps } from "@xyflow/react";
import { memo, useState } from "react";
import { useWords } from "@/lib/language.ts";
import { changeFrame } from "../document/canvas.ts";
import type { FrameView } from "../document/read.ts";
import { useEditor } from "../document/store.ts";
import { words } from "../words.ts";
import "./drawn.css";
import type { Resized } from "./note-node.tsx";

export type FrameFlowNode = Node<{ frame: FrameView; isFixed: boolean; onResized: Resized | undefined }, "frame">;

export const FRAME_HANDLE = "step-frame-title";

export const FrameNode = memo(function FrameNode({ id, data, selected }: NodeProps<FrameFlowNode>) {
  const { frame, isFixed, onResized } = data;
  const t = useWords(words);
  const isWriting = useEditor((state) => state.writing === id) && !isFixed;
  return (
    <div className={`step-frame ${selected ? "step-frame-chosen" : ""}`} data-frame={id}>
      {!isFixed && (
        <NodeResizer
          isVisible={selected}
          minWidth={80}
          minHeight={60}
          lineClassName="drawn-line"
          handleClassName="drawn-handle"
          onResizeEnd={(_, { x, y, width, height }) => onResized?.(id, { x, y, width, height })}
        />
      )}
      {isWriting ? (
        <Writing frame={frame} label={t("frameTitle")} />
      ) : (
        <div
          className={`${FRAME_HANDLE} cut`}
          onDoubleClick={() => {
            if (!isFixed) useEditor.getState().setWriting(id);
          }}
        >
          {frame.title || <span className="muted">{t("frame")}</span>}
        </div>
      )}
    </div>
  );
});

function Writing({ frame, label }: { frame: FrameView; label: string }) {
  const [title, setTitle] = useState(frame.title);
  const end = () => {
    const state = useEditor.getState();
    state.setWriting(null);
    state.edit(changeFrame(state.text, frame.key, { title: title.trim() }));
  };
  return (
    <input
      className="step-frame-title step-frame-writing nodrag nopan"
      aria-label={label}
      autoFocus
      maxLength={60}
      value={title}
      onChange={(event) => setTitle(event.target.value)}
      onFocus={(event) => event.target.select()}
      onBlur={end}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Escape" || event.key === "Enter") event.currentTarget.blur();
      }}
    />
  );
}
