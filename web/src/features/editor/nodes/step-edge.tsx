/** An edge: rows that went along it, and on the way there a place to put a step in. */
import { BaseEdge, EdgeLabelRenderer, getSmoothStepPath, type Edge, type EdgeProps } from "@xyflow/react";
import { Plus } from "lucide-react";
import { memo, useRef, useState } from "react";
import { formatShort } from "@/lib/format.ts";
import { useLanguage, useWords } from "@/lib/language.ts";
import { words } from "../words.ts";
import "./step-edge.css";

export interface StepEdgeData extends Record<string, unknown> {
  kind: "data" | "control";
  isBad: boolean;
  rows: number | undefined;
  isRunning: boolean;
  /** Opens the list of kinds to put one into the edge; none where nothing can be changed. */
  onSplice: ((id: string, x: number, y: number) => void) | undefined;
}

export type StepFlowEdge = Edge<StepEdgeData, "step">;

export const StepEdge = memo(function StepEdge(props: EdgeProps<StepFlowEdge>) {
  const { id, data, selected, sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition } = props;
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  const [path, labelX, labelY] = getSmoothStepPath({ sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition, borderRadius: 8 });
  // The plus is there only while the pointer is: five hundred of them would make every movement slow.
  const [isNear, setNear] = useState(false);
  const leaving = useRef<ReturnType<typeof setTimeout>>(undefined);
  const near = {
    onPointerEnter: () => {
      clearTimeout(leaving.current);
      setNear(true);
    },
    onPointerLeave: () => {
      leaving.current = setTimeout(() => setNear(false), 200);
    },
  };
  const hasPlus = data?.onSplice !== undefined && (isNear || selected === true);
  const rows = data?.rows;
  const isUsed = rows !== undefined && rows > 0;
  const classes = [
    "step-edge",
    data?.kind === "control" ? "step-edge-control" : "",
    data?.isBad ? "step-edge-bad" : "",
    isUsed ? "step-edge-used" : "",
    data?.isRunning ? "step-edge-running" : "",
    selected ? "step-edge-chosen" : "",
  ];
  // Thicker with volume, by its logarithm.
  const width = data?.kind === "control" ? 1 : 1.5 + (isUsed ? Math.min(2.5, Math.log10(rows) / 2.4) : 0);
  const place = { transform: `translate(-50%, -50%) translate(${labelX}px, ${labelY}px)` };
  return (
    <>
      <g {...near}>
        <BaseEdge id={id} path={path} className={classes.filter(Boolean).join(" ")} style={{ strokeWidth: width }} interactionWidth={18} />
      </g>
      {(isUsed || hasPlus) && (
        <EdgeLabelRenderer>
          <div className="step-edge-label nodrag nopan" style={place} data-edge={id} {...near}>
            {isUsed && (
              <span className={`step-edge-rows ${data?.isBad ? "step-edge-rows-bad" : ""}`} title={t("rows", { n: rows })}>
                {formatShort(rows, language)}
              </span>
            )}
            {hasPlus && (
              <button
                type="button"
                className="step-edge-add"
                aria-label={t("addHere")}
                title={t("addHere")}
                tabIndex={-1}
                onClick={(event) => data?.onSplice?.(id, event.clientX, event.clientY)}
              >
                <Plus size={12} aria-hidden />
              </button>
            )}
          </div>
        </EdgeLabelRenderer>
      )}
    </>
  );
});
