/** The states of runs and of their steps, as people read them. */
import type { Pair } from "./language.ts";
import type { Tone } from "./tone.ts";

export type RunStatus = "QUEUED" | "RUNNING" | "WAITING" | "SUCCEEDED" | "FAILED" | "CANCELED";
export type StepStatus = "PENDING" | "RUNNING" | "SUCCEEDED" | "FAILED" | "SKIPPED" | "CANCELED";

interface Shown {
  tone: Tone;
  word: Pair;
}

export const RUN_STATUS: Record<RunStatus, Shown> = {
  QUEUED: { tone: "waiting", word: ["queued", "排队中"] },
  RUNNING: { tone: "running", word: ["running", "运行中"] },
  WAITING: { tone: "waiting", word: ["waiting", "等待中"] },
  SUCCEEDED: { tone: "good", word: ["succeeded", "成功"] },
  FAILED: { tone: "bad", word: ["failed", "失败"] },
  CANCELED: { tone: "stopped", word: ["canceled", "已取消"] },
};

export const STEP_STATUS: Record<StepStatus, Shown> = {
  PENDING: { tone: "idle", word: ["pending", "未开始"] },
  RUNNING: { tone: "running", word: ["running", "运行中"] },
  SUCCEEDED: { tone: "good", word: ["succeeded", "成功"] },
  FAILED: { tone: "bad", word: ["failed", "失败"] },
  SKIPPED: { tone: "skipped", word: ["skipped", "已跳过"] },
  CANCELED: { tone: "stopped", word: ["canceled", "已取消"] },
};

export function isOver(status: RunStatus): boolean {
  return status === "SUCCEEDED" || status === "FAILED" || status === "CANCELED";
}

/** How long it took, or has taken until now. */
export function spanOf(run: { startedAt?: string | null; finishedAt?: string | null }, now: Date): number | undefined {
  if (!run.startedAt) return undefined;
  const end = run.finishedAt ? new Date(run.finishedAt) : now;
  return Math.max(0, end.getTime() - new Date(run.startedAt).getTime());
}
