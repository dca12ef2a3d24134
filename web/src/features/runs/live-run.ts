/** A run as it stands, kept up to date by the server's events. */
import { useCallback, useMemo, useRef } from "react";
import { keyOf, queryClient, useData } from "@/graphql/client.ts";
import type { RunDetailQuery, RunEventsSubscription, RunLogsQuery } from "@/graphql/generated/graphql.ts";
import { useSubscription } from "@/graphql/subscription.ts";
import { isOver } from "@/lib/run-status.ts";
import type { StepState } from "./graph-props.ts";
import { RunDetail, RunEvents } from "./operations.ts";

export type RunView = RunDetailQuery["run"];
export type LogLine = RunLogsQuery["run"]["logs"]["nodes"][number];

export function useLiveRun(id: string, onLog: () => void) {
  const key = useMemo(() => keyOf(RunDetail, { id }), [id]);
  const { data, error } = useData(RunDetail, { id }, {
    // Events may be missed; what matters is read again.
    refetchInterval: ({ state }) => (state.data && isOver(state.data.run.status) ? false : 3000),
  });
  const isOn = data !== undefined && !isOver(data.run.status);
  const soon = useRef<ReturnType<typeof setTimeout>>(undefined);
  const readAgain = useCallback(() => {
    soon.current ??= setTimeout(() => {
      soon.current = undefined;
      void queryClient.invalidateQueries({ queryKey: key });
    }, 150);
  }, [key]);
  useSubscription(
    RunEvents,
    { run: id },
    isOn,
    ({ runEvents: event }) => {
      if (event.log) return onLog();
      queryClient.setQueryData<RunDetailQuery>(key, (old) => (old ? { run: apply(old.run, event) } : old));
      if (event.status || event.stepStatus) readAgain();
      return undefined;
    },
    readAgain,
  );
  return { run: data?.run, error };
}

/** The run after something happened to it. */
export function apply(run: RunView, event: RunEventsSubscription["runEvents"]): RunView {
  const steps = event.step
    ? run.steps.map((step) =>
        step.id === event.step
          ? {
              ...step,
              status: event.stepStatus ?? step.status,
              rowsIn: event.rowsIn ?? step.rowsIn,
              rowsOut: event.rowsOut ?? step.rowsOut,
              rowsRejected: event.rowsRejected ?? step.rowsRejected,
              ports: event.ports ?? step.ports,
              error: event.error ?? step.error,
            }
          : step,
      )
    : run.steps;
  return { ...run, status: event.status ?? run.status, steps };
}

export function statesOf(run: RunView): Map<string, StepState> {
  return new Map(
    run.steps.map((step) => [
      step.id,
      {
        status: step.status,
        rowsIn: step.rowsIn,
        rowsOut: step.rowsOut,
        rowsRejected: step.rowsRejected,
        durationMs: step.durationMs,
        error: step.error?.message ?? null,
        ports: readPorts(step.ports),
      },
    ]),
  );
}

export function readPorts(text: string): Record<string, number> {
  const value = JSON.parse(text) as unknown;
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, number] => typeof entry[1] === "number"));
}
