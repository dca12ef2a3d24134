/** The log of a run: read from the server page by page, in its order, and on and on while the run goes on. */
import { useCallback, useEffect, useRef, useState } from "react";
import { request } from "@/graphql/client.ts";
import type { LogLine } from "./live-run.ts";
import { RunLogs } from "./operations.ts";

/** Lines that are kept; of a longer log the newest. */
export const MOST = 100_000;
/** Looks for more are this far apart, however many lines come, in milliseconds. */
const PAUSE = 150;
/** A look without a hint: one may be missed. */
const PATIENCE = 3000;
/** Lines of workers on other machines may come this long after the end of their run. */
const AFTERWARDS = 1000;
/** Until somebody calls; what timers hold at most. */
const FOREVER = 2 ** 31 - 1;

export interface RunLines {
  lines: readonly LogLine[];
  /** How many lines before them are not kept. */
  earlier: number;
}

const NONE: RunLines = { lines: [], earlier: 0 };

/** What is read of the log once `isWanted`; `hear` is the hint that there is more. */
export function useRunLines(run: string, isOver: boolean, isWanted: boolean): { log: RunLines; hear: () => void } {
  const [log, setLog] = useState(NONE);
  const over = useRef(isOver);
  const [bell] = useState(() => new Bell());
  const hear = useCallback(() => bell.ring(), [bell]);
  useEffect(() => {
    over.current = isOver;
    bell.ring();
  }, [isOver, bell]);
  useEffect(() => {
    if (!isWanted) return undefined;
    const stop = new AbortController();
    setLog(NONE);
    void readOn({
      read: async (after) => (await request(RunLogs, { id: run, after }, stop.signal)).run.logs,
      take: (lines) => setLog((old) => joined(old, lines)),
      wait: (least, most) => bell.wait(least, most),
      isOver: () => over.current,
      isStopped: () => stop.signal.aborted,
    });
    return () => {
      stop.abort();
      bell.ring();
    };
  }, [run, isWanted, bell]);
  return { log, hear };
}

/** Wakes who waits; rung before, it is heard as soon as somebody waits. */
export class Bell {
  #isRung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#isRung = true;
    this.#wake?.();
  }

  /** Waits for at least and at most so many milliseconds, between them until it rings. */
  async wait(least: number, most: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, least));
    if (!this.#isRung) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, most - least);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
    this.#isRung = false;
  }
}

export function joined(old: RunLines, lines: readonly LogLine[]): RunLines {
  const all = [...old.lines, ...lines];
  const extra = Math.max(0, all.length - MOST);
  return { lines: extra > 0 ? all.slice(extra) : all, earlier: old.earlier + extra };
}

interface Page {
  nodes: readonly LogLine[];
  pageInfo: { hasNextPage: boolean; endCursor?: string | null };
}

interface Reading {
  read: (after: string | null) => Promise<Page>;
  take: (lines: readonly LogLine[]) => void;
  wait: (least: number, most: number) => Promise<void>;
  isOver: () => boolean;
  isStopped: () => boolean;
}

/** Reads to the end of the log, again and again, until it is stopped: a run that has ended may be retried. Every line is taken once. */
export async function readOn({ read, take, wait, isOver, isStopped }: Reading): Promise<void> {
  let after: string | null = null;
  let looks = 0;
  while (!isStopped()) {
    // Asked before the look: what is written until the end is seen by a look that begins after it.
    looks = isOver() ? looks + 1 : 0;
    try {
      const { nodes, pageInfo } = await read(after);
      if (isStopped()) return;
      after = pageInfo.endCursor ?? after;
      if (nodes.length > 0) take(nodes);
      if (pageInfo.hasNextPage) continue;
    } catch {
      // The frame's banner tells that the server is away.
      looks = 0;
    }
    if (looks === 0) await wait(PAUSE, PATIENCE);
    else if (looks === 1) await wait(AFTERWARDS, AFTERWARDS);
    else await wait(0, FOREVER);
  }
}
