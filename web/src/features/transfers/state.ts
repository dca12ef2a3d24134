import type { MigrationState } from "@/graphql/generated/graphql.ts";
import type { Tone } from "@/lib/tone.ts";

export const TONE: Record<MigrationState, Tone> = {
  PENDING: "waiting",
  RUNNING: "running",
  VALIDATING: "running",
  COMPLETED: "good",
  FAILED: "bad",
  CANCELLED: "stopped",
};

export function isGoing(state: MigrationState | undefined): boolean {
  return state === "PENDING" || state === "RUNNING" || state === "VALIDATING";
}
