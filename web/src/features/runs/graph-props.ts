import type { StepStatus } from "@/lib/run-status.ts";

/** How a step of the run stands. */
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

/** What the drawing of a run's graph is given. */
export interface GraphProps {
  /** The document of the version that runs. */
  text: string;
  states: ReadonlyMap<string, StepState>;
  chosen: string | null;
  onChoose: (step: string | null) => void;
}
