import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launch, leave, missing, pick, picture, seriousFaults, visit } from "./browser.ts";
import { shopAndReplica, spoil, write } from "./databases.ts";
import { startServer, type Server } from "./server.ts";

describe.skipIf(missing())("monitoring a table", () => {
  let server: Server;
  let browser: Browser;
  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer(), launch()]);
    await shopAndReplica(server);
  });
  afterAll(async () => {
    await browser.close();
    await server.stop();
  });

  it("is made, run, passes its threshold, and shows its value over time", async () => {
    await spoil(server);
    const name = `orders-${Date.now()}`;
    const page = await visit(browser, server, "/monitors?new=1");
    await page.getByLabel(/^Name/).fill(name);
    for (const [side, connection] of [
      ["Table", "shop"],
      ["Compared with", "replica"],
    ] as const) {
      await pick(page, `${side}: Connection`, connection);
      await pick(page, `${side}: Table`, "orders");
    }
    // The key is the table's own.
    await page.locator('#monitor-form input[value="id"]').waitFor();
    await page.getByLabel("Tell people when").fill("much more");
    await page.getByRole("button", { name: `Create ${name}` }).click();
    await page.getByRole("dialog").getByRole("alert").waitFor();
    await page.getByLabel("Tell people when").fill("differences > 100\npercent >= 50");
    await page.getByRole("textbox", { name: "Schedule" }).fill("0 3 * * *");
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "monitor-form");
    await page.getByRole("button", { name: `Create ${name}` }).click();
    await page.getByRole("link", { name }).click();

    const results = page.getByRole("region", { name: "Results" });
    await page.getByRole("button", { name: "Run now" }).click();
    await results.locator("tbody").getByText("within").waitFor();
    await write(server, "replica", "DELETE FROM orders WHERE id < 300");
    await page.getByRole("button", { name: "Run now" }).click();
    await results.locator("tbody").getByText("threshold passed").waitFor();
    await page.locator(".trend-chart canvas").waitFor();
    const values = await results.locator("tbody tr").first().locator("td.number").allTextContents();
    // By how much it is more than before, then what was measured.
    expect(Number(values[1])).toBeGreaterThan(100);
    expect(values[0]).toBe(`+${Number(values[1]) - 6}`);
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "monitor");

    // Its settings come back, and a change makes a new version of the same monitor.
    await page.getByRole("button", { name: "Change", exact: true }).click();
    const thresholds = page.getByLabel("Tell people when");
    expect(await thresholds.inputValue()).toBe("differences > 100\npercent >= 50");
    await thresholds.fill("differences > 100000");
    await page.getByRole("button", { name: "Save changes" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Run now" }).click();
    await results.locator("tbody tr").nth(2).waitFor();
    await results.locator("tbody tr").first().getByText("within").waitFor();
    await page.goto(`${server.base}/monitors`);
    const schedule = page.getByRole("switch", { name: `Schedule of ${name} runs` });
    await schedule.waitFor();
    expect(await schedule.isChecked()).toBe(true);
    await schedule.click();
    await page.locator(`input[aria-label="Schedule of ${name} runs"]:not(:checked)`).waitFor();
    const { monitors } = await server.graphql<{ monitors: { nodes: { name: string; enabled: boolean }[] } }>("{ monitors { nodes { name enabled } } }");
    expect(monitors.nodes.find((one) => one.name === name)?.enabled).toBe(false);
    await picture(page, "monitors");
    await leave(page);
  });
});
