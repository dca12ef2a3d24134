/** A step on the canvas: what it is, its most telling setting, how it went, and its ports. */
import { Handle, Position, type Node, type NodeProps } from "@xyflow/react";
import { CircleAlert, Pin } from "lucide-react";
import { memo } from "react";
import { ToneIcon } from "@/components/status.tsx";
import { formatShort, formatSpan } from "@/lib/format.ts";
import { pick, useLanguage, useWords } from "@/lib/language.ts";
import { STEP_STATUS, type StepStatus } from "@/lib/run-status.ts";
import type { GraphNode } from "../graph/graph.ts";
import { words } from "../words.ts";
import { iconOf } from "./icons.ts";
import "./step-node.css";

/** How a step of a run stands. */
export interface StepState {
  status: StepStatus;
  rowsIn: number;
  rowsOut: number;
  rowsRejected: number;
  durationMs: number;
  error: string | null;
  /** Rows that left, by port. */
  ports: Record<string, number>;
}

export interface StepNodeData extends Record<string, unknown> {
  node: GraphNode;
  problems: number;
  state: StepState | undefined;
  /** Whether trials take what it gave instead of running it. */
  isPinned: boolean;
  isFixed: boolean;
}

export type StepFlowNode = Node<StepNodeData, "step">;

export const StepNode = memo(function StepNode({ data, selected }: NodeProps<StepFlowNode>) {
  const { node, problems, state, isPinned, isFixed } = data;
  const t = useWords(words);
  const language = useLanguage((current) => current.language);
  const Icon = iconOf(node.uses);
  const tone = state ? STEP_STATUS[state.status].tone : undefined;
  const classes = ["step-node", selected ? "step-node-chosen" : "", node.isOff ? "step-node-off" : "", tone ? `tone-${tone} step-node-toned` : ""];
  return (
    <div className={classes.filter(Boolean).join(" ")} data-step={node.key} data-state={state?.status}>
      <Handle id="in" type="target" position={Position.Left} className="step-in" isConnectable={!isFixed} title={t("inHelp")} />
      <div className="step-head">
        <span className="step-icon">
          <Icon size={15} aria-hidden />
        </span>
        <span className="grow">
          <span className="step-title cut">{node.title}</span>
          <span className="step-line cut">{node.line || node.uses}</span>
        </span>
        {isPinned && (
          <span className="step-pin" role="img" aria-label={t("pinned")} title={t("pinned")}>
            <Pin size={12} aria-hidden />
          </span>
        )}
        {node.isOff && <span className="step-mark">{t("off")}</span>}
        {node.hasCondition && <span className="step-mark">{t("conditional")}</span>}
        {problems > 0 && (
          <span className="step-problems" title={t("problems", { n: problems })}>
            <CircleAlert size={12} aria-hidden />
            {problems}
          </span>
        )}
        {state && tone && (
          <span className="step-state" title={pick(STEP_STATUS[state.status].word, language)}>
            <ToneIcon tone={tone} />
            {state.durationMs > 0 && <span>{formatSpan(state.durationMs)}</span>}
          </span>
        )}
      </div>
      <Handle
        id="then"
        type="source"
        position={Position.Right}
        className="step-then"
        isConnectable={!isFixed}
        title={t("thenHelp")}
      />
      {node.ports.length > 0 && (
        <div className="step-ports">
          {node.ports.map((port) => {
            const rows = state?.ports[port];
            return (
              <div key={port} className={`step-port ${isBad(port) ? "step-port-bad" : ""}`}>
                {rows !== undefined && rows > 0 && <span className="step-rows">{formatShort(rows, language)}</span>}
                <span>{port}</span>
                <Handle
                  id={`out:${port}`}
                  type="source"
                  position={Position.Right}
                  className="step-out"
                  isConnectable={!isFixed}
                  title={t("portHelp", { port })}
                />
              </div>
            );
          })}
        </div>
      )}
      {state?.error && state.status === "FAILED" && (
        <div className="step-error" title={state.error}>
          {state.error}
        </div>
      )}
    </div>
  );
});

/** Ports by which rows leave that something is wrong with. */
export function isBad(port: string | null): boolean {
  return port === "rejected" || port === "unmatched";
}
