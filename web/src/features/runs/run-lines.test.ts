import { expect, it } from "vitest";
import type { LogLine } from "./live-run.ts";
import { Bell, joined, MOST, readOn } from "./run-lines.ts";

function lines(from: number, to: number): LogLine[] {
  return Array.from({ length: to - from }, (_, at) => ({ at: "2026-01-01T00:00:00Z", step: null, level: "INFO", message: `line ${from + at}` }));
}

/** A log that grows: pages of two, and what happens at each wait. */
async function followed(atWait: ((log: { count: number; isOver: boolean }) => void)[], failsAt = -1): Promise<{ taken: string[]; waits: [number, number][] }> {
  const log = { count: 3, isOver: false };
  const taken: string[] = [];
  const waits: [number, number][] = [];
  let reads = 0;
  let isStopped = false;
  await readOn({
    read: async (after) => {
      if (reads++ === failsAt) throw new Error("away");
      const from = Number(after ?? 0);
      const to = Math.min(log.count, from + 2);
      return Promise.resolve({ nodes: lines(from, to), pageInfo: { hasNextPage: to < log.count, endCursor: to > from ? String(to) : null } });
    },
    take: (some) => taken.push(...some.map((line) => line.message)),
    wait: async (least, most) => {
      waits.push([least, most]);
      const next = atWait.shift();
      if (next) next(log);
      else isStopped = true;
      return Promise.resolve();
    },
    isOver: () => log.isOver,
    isStopped: () => isStopped,
  });
  return { taken, waits };
}

it("takes every line once while the run goes on, after its end, and when it is retried", async () => {
  const { taken, waits } = await followed([
    (log) => (log.count = 7),
    (log) => Object.assign(log, { count: 8, isOver: true }),
    (log) => (log.count = 9),
    (log) => Object.assign(log, { count: 10, isOver: false }),
    (log) => (log.isOver = true),
    () => undefined,
  ]);
  expect(taken).toEqual(lines(0, 10).map((line) => line.message));
  // Twice after an end, then until somebody rings.
  expect(waits.map(([least, most]) => (most > 10_000 ? "for ever" : most - least > 0 ? "for a while" : "a moment"))).toEqual([
    "for a while", "for a while", "a moment", "for ever", "for a while", "a moment", "for ever",
  ]);
});

it("goes on where the server was away", async () => {
  const { taken } = await followed([() => undefined, (log) => (log.count = 4)], 1);
  expect(taken).toEqual(lines(0, 4).map((line) => line.message));
});

it("keeps the newest lines of a long log", () => {
  const first = joined({ lines: [], earlier: 0 }, lines(0, MOST));
  const { lines: kept, earlier } = joined(first, lines(MOST, MOST + 3));
  expect([kept.length, earlier, kept[0]?.message, kept.at(-1)?.message]).toEqual([MOST, 3, "line 3", `line ${MOST + 2}`]);
});

it("hears a bell that rang before it was waited for", async () => {
  const bell = new Bell();
  bell.ring();
  await bell.wait(0, 60_000);
  const waiting = bell.wait(0, 60_000);
  setTimeout(() => bell.ring(), 20);
  await waiting;
});
