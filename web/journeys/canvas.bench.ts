import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launch, leave, missing, node, visit } from "./browser.ts";
import { frames, large, panning, STEPS } from "./frames.ts";
import { startServer, type Server } from "./server.ts";

/** Figures are for people who look at the output. */
function report(about: string, figures: object = {}): void {
  process.stdout.write(`${about} ${JSON.stringify(figures)}\n`);
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
    await page.locator(".react-flow__pane").click({ position: { x: 5, y: 5 } });
    report("all in view, panned:", await frames(page, panning(page, 4)));
    await page.keyboard.press("0");
    await node(page, "s0").waitFor({ state: "attached", timeout: 10_000 }).catch(() => undefined);
    report("full size, panned:", await frames(page, panning(page, 4)));
    report("zoomed by the wheel:", await frames(page, async () => {
      for (let round = 0; round < 40; round++) await page.mouse.wheel(0, round % 20 < 10 ? 80 : -80);
    }));
    await leave(page);
  });
});
