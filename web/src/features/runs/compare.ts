/** Two runs of one workflow, step by step. Pure: no React. */
import type { RunView } from "./live-run.ts";

export type RunStepView = RunView["steps"][number];

export interface StepPair {
  id: string;
  a: RunStepView | undefined;
  b: RunStepView | undefined;
  /** Whether state or rows differ. */
  isDifferent: boolean;
}

/** Steps of both, in the order of `a`; those that only `b` has come last. */
export function pairSteps(a: RunView, b: RunView): StepPair[] {
  const others = new Map(b.steps.map((step) => [step.id, step]));
  const own = new Set(a.steps.map((step) => step.id));
  const pairs = [
    ...a.steps.map((step) => ({ id: step.id, a: step, b: others.get(step.id) })),
    ...b.steps.filter((step) => !own.has(step.id)).map((step) => ({ id: step.id, a: undefined, b: step })),
  ];
  return pairs.map((pair) => ({ ...pair, isDifferent: spell(pair.a) !== spell(pair.b) }));
}

function spell(step: RunStepView | undefined): string {
  return step ? JSON.stringify([step.status, step.rowsIn, step.rowsOut, step.rowsRejected]) : "";
}

/** Inputs by name with the value that each run was given. */
export function pairInputs(a: RunView, b: RunView): { name: string; a: string; b: string }[] {
  const [first, second] = [a, b].map((run) => JSON.parse(run.inputs) as Record<string, unknown>) as [Record<string, unknown>, Record<string, unknown>];
  const word = (value: unknown) => (value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value));
  return [...new Set([...Object.keys(first), ...Object.keys(second)])].map((name) => ({ name, a: word(first[name]), b: word(second[name]) }));
}
