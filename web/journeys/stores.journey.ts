import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launch, leave, missing, picture, seriousFaults, visit } from "./browser.ts";
import { shopAndReplica } from "./databases.ts";
import { startServer, type Server } from "./server.ts";

describe.skipIf(missing())("the health of stores", () => {
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

  it("inspects all stores at once, and shows sizes and how they grew", async () => {
    const page = await visit(browser, server, "/stores");
    await page.getByRole("link", { name: "shop", exact: true }).waitFor();
    await page.getByRole("button", { name: "Inspect all" }).click();
    await page.locator("tbody .status.tone-good").nth(1).waitFor();
    expect(await page.locator("tbody").textContent()).toContain("SQLite");
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "stores");
    await page.getByRole("link", { name: "shop", exact: true }).click();
    await page.getByRole("region", { name: "Largest tables" }).getByText("orders", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Inspect now" }).click();
    await page.locator(".trend-chart canvas").waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "store");
    const { workflows } = await server.graphql<{ workflows: { nodes: { name: string; outline: { tags: string[] } }[] } }>("{ workflows { nodes { name outline { tags } } } }");
    expect(workflows.nodes.filter((one) => one.outline.tags.includes("health")).map((one) => one.name)).toEqual(["health-replica", "health-shop"]);
    await leave(page);
  });
});
