import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launch, leave, missing, visit } from "./browser.ts";
import { frames, large, panning, STEPS } from "./frames.ts";
import { startServer, type Server } from "./server.ts";

const SMALL = "name: small\nsteps:\n  - { id: s0, uses: fetch, with: { source: inline, rows: [{ id: 1 }] } }\n";

describe.skipIf(missing())(`a canvas of ${STEPS} steps`, () => {
  let server: Server;
  let browser: Browser;
  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer(), launch()]);
    for (const text of [SMALL, large()]) {
      const { saveWorkflow } = await server.graphql<{ saveWorkflow: { problems: unknown[] } }>("mutation($text: String!) { saveWorkflow(text: $text) { problems { message } } }", { text });
      expect(saveWorkflow.problems).toEqual([]);
    }
  });
  afterAll(async () => {
    await browser.close();
    await server.stop();
  });

  /** Frames for each second while the whole workflow is in view and dragged about. */
  const panned = async (name: string, steps: number) => {
    const page = await visit(browser, server, `/workflows/${name}`);
    await expect.poll(() => page.locator("[data-step]").count(), { timeout: 60_000 }).toBe(steps);
    await page.getByText("No problems").waitFor({ timeout: 60_000 });
    await page.locator(".react-flow__pane").click({ position: { x: 5, y: 5 } });
    const { perSecond } = await frames(page, panning(page, 3));
    await leave(page);
    return perSecond;
  };

  it("is panned about as smoothly as one of a single step", async () => {
    const alone = await panned("small", 1);
    const many = await panned("large", STEPS);
    process.stdout.write(`panned, all in view: ${many} frames a second with ${STEPS} steps, ${alone} with one\n`);
    // What else the machine does slows both down. The goal is 50 of 60 (`npm run bench`); this fails where that is lost by far.
    expect(many).toBeGreaterThan(alone * 0.4);
  });
});
