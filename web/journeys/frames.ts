/** A large canvas, and how many frames a page draws while something is done. */
import type { Page } from "playwright-core";

export const STEPS = 500;

/** A source, and rows of transforms that lead on from it, ten side by side. */
export function large(): string {
  const lines = ["name: large", "steps:", "  - { id: s0, uses: fetch, with: { source: inline, rows: [{ id: 1 }] } }"];
  for (let at = 1; at < STEPS; at++) lines.push(`  - { id: s${at}, uses: transform, from: s${Math.max(0, at - 10)}, with: { sql: "SELECT * FROM input" } }`);
  return `${lines.join("\n")}\n`;
}

/** Frames for each second while something is done, and the longest of them in milliseconds. */
export async function frames(page: Page, act: () => Promise<void>): Promise<{ perSecond: number; longest: number }> {
  await page.evaluate(() => {
    const seen: number[] = [];
    const look = (now: number) => {
      seen.push(now);
      if (!("stop" in seen)) requestAnimationFrame(look);
    };
    (globalThis as unknown as { seen: number[] }).seen = seen;
    requestAnimationFrame(look);
  });
  await act();
  return page.evaluate(() => {
    const { seen } = globalThis as unknown as { seen: number[] & { stop?: true } };
    seen.stop = true;
    const spans = seen.slice(1).map((at, place) => at - (seen[place] ?? at));
    const whole = (seen.at(-1) ?? 0) - (seen[0] ?? 0);
    return { perSecond: Math.round((spans.length / whole) * 10_000) / 10, longest: Math.round(Math.max(...spans)) };
  });
}

/** Drags the canvas to and fro, as the Space bar and the mouse do. */
export function panning(page: Page, times: number): () => Promise<void> {
  return async () => {
    for (let round = 0; round < times; round++) {
      await page.mouse.move(700, 500);
      await page.keyboard.down("Space");
      await page.mouse.down();
      await page.mouse.move(700 + (round % 2 ? 300 : -300), 400, { steps: 40 });
      await page.mouse.up();
      await page.keyboard.up("Space");
    }
  };
}
