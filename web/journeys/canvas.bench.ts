import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launch, leave, missing, node, visit } from "./browser.ts";
import { startServer, type Server } from "./server.ts";

const STEPS = 500;

/** A source, and rows of transforms that lead on from it, ten side by side. */
function large(): string {
  const lines = ["name: large", "steps:", "  - { id: s0, uses: fetch, with: { source: inline, rows: [{ id: 1 }] } }"];
  for (let at = 1; at < STEPS; at++) lines.push(`  - { id: s${at}, uses: transform, from: s${Math.max(0, at - 10)}, with: { sql: "SELECT * FROM input" } }`);
  return `${lines.join("\n")}\n`;
}

/** Figures are for people who look at the output. */
function report(about: string, figures: object = {}): void {
  process.stdout.write(`${about} ${JSON.stringify(figures)}\n`);
}

/** Frames for each second while something is done, and the longest of them in milliseconds. */
async function frames(page: Page, act: () => Promise<void>): Promise<{ perSecond: number; longest: number }> {
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

describe.skipIf(missing())(`a canvas of ${STEPS} steps`, () => {
  let server: Server;
  let browser: Browser;
  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer(), launch()]);
    const { saveWorkflow } = await server.graphql<{ saveWorkflow: { problems: unknown[] } }>("mutation($text: String!) { saveWorkflow(text: $text) { problems { message } } }", { text: large() });
    expect(saveWorkflow.problems).toEqual([]);
  });
  afterAll(async () => {
    await browser.close();
    await server.stop();
  });

  it("is panned and zoomed", async () => {
    const page = await visit(browser, server, "/workflows/large");
    const began = Date.now();
    await page.locator("[data-step]").first().waitFor();
    report(`first steps after ${Date.now() - began} ms`);
    await page.getByText(/No problems|Checking/).first().waitFor({ timeout: 60_000 }).catch(() => undefined);
    const pan = (times: number) => async () => {
      for (let round = 0; round < times; round++) {
        await page.mouse.move(700, 500);
        await page.keyboard.down("Space");
        await page.mouse.down();
        await page.mouse.move(700 + (round % 2 ? 300 : -300), 400, { steps: 40 });
        await page.mouse.up();
        await page.keyboard.up("Space");
      }
    };
    await page.locator(".react-flow__pane").click({ position: { x: 5, y: 5 } });
    report("all in view, panned:", await frames(page, pan(4)));
    await page.keyboard.press("0");
    await node(page, "s0").waitFor({ state: "attached", timeout: 10_000 }).catch(() => undefined);
    report("full size, panned:", await frames(page, pan(4)));
    report("zoomed by the wheel:", await frames(page, async () => {
      for (let round = 0; round < 40; round++) await page.mouse.wheel(0, round % 20 < 10 ? 80 : -80);
    }));
    await leave(page);
  });
});
