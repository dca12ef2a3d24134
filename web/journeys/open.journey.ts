import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launch, leave, missing, visit } from "./browser.ts";
import { frames } from "./frames.ts";
import { startServer, type Server } from "./server.ts";

const ITEMS = 120;
const LINES = 500;

/** A run whose steps write as many lines as they can, for some seconds. */
const FLOOD = `name: flood
steps:
  - id: each
    uses: foreach
    with:
      items: [${Array.from({ length: ITEMS }, (_, at) => at).join(", ")}]
      max_parallel: 1
      steps:
        - id: talk
          uses: script
          with: { script: 'for n in 0..${LINES} { log("info", \`line \${n} of \${item}, and a few words more\`); }' }
`;

/** A run that is over at once. */
const BRIEF = "name: brief\nsteps:\n  - { id: s0, uses: script, with: { script: 'log(\"info\", \"here\")' } }\n";

describe.skipIf(missing())("pages that stay open", () => {
  let server: Server;
  let browser: Browser;
  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer(), launch()]);
    for (const text of [FLOOD, BRIEF]) {
      const { saveWorkflow } = await server.graphql<{ saveWorkflow: { problems: unknown[] } }>("mutation($text: String!) { saveWorkflow(text: $text) { problems { message } } }", { text });
      expect(saveWorkflow.problems).toEqual([]);
    }
  });
  afterAll(async () => {
    await browser.close();
    await server.stop();
  });

  const start = async (workflow: string): Promise<string> => {
    const { startRun } = await server.graphql<{ startRun: { id: string } }>("mutation($workflow: String!) { startRun(workflow: $workflow) { id } }", { workflow });
    return startRun.id;
  };

  it("follow a log of thousands of lines a second, and can be used meanwhile", async () => {
    const page = await visit(browser, server, "/runs");
    await page.getByRole("heading").first().waitFor();
    const still = await frames(page, () => page.waitForTimeout(1000));
    const run = await start("flood");
    await page.goto(`${server.base}/runs/${run}`);
    await page.getByRole("tab", { name: "Logs" }).click();
    await page.locator(".log").first().waitFor();
    const filter = page.getByLabel("Filter lines");
    const flooded = await frames(page, async () => {
      await filter.pressSequentially("of 1", { delay: 100 });
      await page.waitForTimeout(1000);
      await filter.clear();
      await page.getByRole("tab", { name: "Timeline" }).click();
      await page.locator(".timeline-bar").first().waitFor();
      await page.getByRole("tab", { name: "Logs" }).click();
      await page.locator(".log").first().waitFor();
      await page.waitForTimeout(1000);
    });
    const { run: during } = await server.graphql<{ run: { status: string } }>("query($id: String!) { run(id: $id) { status } }", { id: run });
    await page.locator('[data-run-status="SUCCEEDED"]').waitFor({ timeout: 120_000 });
    const { run: ended } = await server.graphql<{ run: { startedAt: string; finishedAt: string } }>("query($id: String!) { run(id: $id) { startedAt finishedAt } }", { id: run });
    const rate = Math.round((ITEMS * LINES * 1000) / (Date.parse(ended.finishedAt) - Date.parse(ended.startedAt)));
    process.stdout.write(`${rate} lines a second (${during.status}): ${flooded.perSecond} frames a second, the longest ${flooded.longest} ms; at rest ${still.perSecond}\n`);
    // Every line is there at last, and no more of them are drawn than are seen.
    await expect.poll(() => page.locator(".logs .bar").textContent(), { timeout: 60_000 }).toContain(`${(ITEMS * LINES).toLocaleString("en")} lines`);
    expect(await page.locator(".log").count()).toBeLessThan(200);
    // What else the machine does slows both down; a page that freezes loses far more.
    expect(flooded.perSecond).toBeGreaterThan(still.perSecond * 0.3);
    await leave(page);
  });

  it("for an hour grow by less than 30 MB", async () => {
    const run = await start("brief");
    const pages = await Promise.all(["/runs", "/workflows", "/workflows/brief", `/runs/${run}?tab=logs`].map(async (path) => ({ path, page: await visit(browser, server, path, { clock: true }) })));
    /** Half a minute passes on all pages, in which a run is made. */
    const pass = async (times: number) => {
      for (let round = 0; round < times; round++) {
        await start("brief");
        await Promise.all(pages.map(({ page }) => page.clock.fastForward(30_000)));
        // What the timers asked the server for arrives.
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
    };
    const held = async () =>
      Promise.all(
        pages.map(async ({ page }) => {
          const session = await page.context().newCDPSession(page);
          await session.send("HeapProfiler.collectGarbage");
          const { usedSize } = await session.send("Runtime.getHeapUsage");
          await session.detach();
          return usedSize / 1e6;
        }),
      );
    await pass(10);
    const before = await held();
    await pass(120);
    const after = await held();
    for (const [at, { path }] of pages.entries()) {
      const [from = 0, to = 0] = [before[at], after[at]];
      process.stdout.write(`${path.replace(run, "…")}: ${from.toFixed(1)} MB, an hour later ${to.toFixed(1)} MB\n`);
      expect(to - from).toBeLessThan(30);
    }
    // They still listen: what happens now is shown.
    const last = await start("brief");
    await pages[0]?.page.clock.fastForward(15_000);
    await pages[0]?.page.locator(`a[href="/runs/${last}"]`).first().waitFor();
    for (const { page } of pages) await leave(page);
  });
});
