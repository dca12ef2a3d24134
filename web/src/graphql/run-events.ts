/** What happens to one run while it goes on: rows, states and lines of its log. */
import { useEffect, useRef, useState } from "react";
import { graphql } from "./generated/gql.ts";
import { useSubscription } from "./subscription.ts";

const FollowRun = graphql(`
  subscription FollowRun($run: String!) {
    runEvents(run: $run) {
      runId
      status
      step
      stepStatus
      rowsIn
      rowsOut
      chunk
      log {
        at
        step
        level
        message
      }
    }
  }
`);

export interface RunLine {
  at: string;
  step?: string | null;
  level: string;
  message: string;
}

export interface RunFollowed {
  /** Rows that arrived at its steps, chunk by chunk, so far. */
  rows: number;
  rowsOut: number;
  lines: readonly RunLine[];
}

/** Lines that are kept while one listens; the server keeps them all. */
const LINES = 5000;

/** Follows a run while `isOn`. `onChange` comes when its state changes or its stream ends, so that it is read again. */
export function useRunEvents(run: string, isOn: boolean, onChange: () => void): RunFollowed {
  const counts = useRef(new Map<string, { rowsIn: number; rowsOut: number }>());
  const waiting = useRef<RunLine[]>([]);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const [followed, setFollowed] = useState<RunFollowed>({ rows: 0, rowsOut: 0, lines: [] });
  useEffect(() => {
    counts.current.clear();
    waiting.current = [];
    setFollowed({ rows: 0, rowsOut: 0, lines: [] });
    return () => {
      clearTimeout(timer.current);
      timer.current = undefined;
    };
  }, [run]);
  const show = () => {
    // Thousands of events a second become ten pictures.
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      const lines = waiting.current;
      waiting.current = [];
      let rows = 0;
      let rowsOut = 0;
      for (const count of counts.current.values()) {
        rows += count.rowsIn;
        rowsOut += count.rowsOut;
      }
      setFollowed((old) => ({ rows, rowsOut, lines: lines.length > 0 ? [...old.lines, ...lines].slice(-LINES) : old.lines }));
    }, 100);
  };
  useSubscription(
    FollowRun,
    { run },
    isOn && run !== "",
    ({ runEvents: event }) => {
      if (event.log) waiting.current.push(event.log);
      if (event.step && (typeof event.rowsIn === "number" || typeof event.rowsOut === "number")) {
        const key = `${event.step} ${event.chunk ?? ""}`;
        const old = counts.current.get(key);
        counts.current.set(key, { rowsIn: event.rowsIn ?? old?.rowsIn ?? 0, rowsOut: event.rowsOut ?? old?.rowsOut ?? 0 });
      }
      show();
      if (event.status || event.stepStatus) onChange();
    },
    onChange,
  );
  return followed;
}
