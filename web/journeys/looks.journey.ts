import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launch, leave, missing, node, picture, seriousFaults, visit, type Look } from "./browser.ts";
import { ended, findAnomalies, shopAndReplica, sqlite, tablesDocument } from "./databases.ts";
import { startServer, type Server } from "./server.ts";

const TEXT = `name: fruit
description: Prices of fruit, checked.
tags: [example]
triggers:
  - cron: "30 15 * * MON-FRI"
    timezone: Asia/Shanghai
steps:
  - id: rows
    uses: fetch
    with: { source: csv, path: fruit.csv }
  - id: checked
    uses: validate
    from: rows
    with: { rules: [{ name: named, not_null: name }] }
  - id: kept_out
    uses: transform
    from: [rows.rejected, checked.rejected]
    with: { sql: "SELECT * FROM input" }
  - { id: report, uses: artifact, from: kept_out, with: { name: kept-out.csv } }
  - id: tell
    uses: alert
    needs: [kept_out]
    with: { channels: log, title: "\${{ steps.checked.rows_rejected }} rows kept out" }
`;

// Each width, language and theme twice, in pairs.
const LOOKS: readonly Required<Omit<Look, "clock">>[] = [
  { language: "en", theme: "light", width: 1440 },
  { language: "zh", theme: "dark", width: 1440 },
  { language: "en", theme: "dark", width: 390 },
  { language: "zh", theme: "light", width: 390 },
];

describe.skipIf(missing())("every page", () => {
  let server: Server;
  let browser: Browser;
  let run = "";
  let diff = "";
  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer(), launch()]);
    server.file("fruit.csv", "id,name\n1,apple\n2,\n3,fig\n");
    await server.graphql("mutation($text: String!) { saveWorkflow(text: $text) { problems { message } } }", { text: TEXT });
    const { startRun } = await server.graphql<{ startRun: { id: string } }>('mutation { startRun(workflow: "fruit") { id } }');
    run = startRun.id;
    await shopAndReplica(server);
    const side = (connection: string) => ({ connection, table: "orders" });
    const { startDiff } = await server.graphql<{ startDiff: { run: { id: string } } }>("mutation($input: DiffInput!) { startDiff(input: $input) { run { id } } }", {
      input: { left: side("shop"), right: side("replica") },
    });
    diff = startDiff.run.id;
    expect(await ended(server, diff)).toBe("SUCCEEDED");
    await sqlite(server, "warehouse", []);
    await server.graphql("mutation($input: MigrationInput!) { createMigration(name: \"shop-to-warehouse\", input: $input) { name } }", {
      input: { from: "shop", to: "warehouse", tables: ["orders"], settings: JSON.stringify({ validate: "diff" }) },
    });
    const { startMigration } = await server.graphql<{ startMigration: { id: string } }>('mutation { startMigration(name: "shop-to-warehouse") { id } }');
    expect(await ended(server, startMigration.id)).toBe("SUCCEEDED");
    await server.graphql("mutation($input: MonitorInput!) { createMonitor(input: $input) { name } }", {
      input: { name: "orders", template: "DATA_DIFF", left: side("shop"), right: side("replica"), key: ["id"], thresholds: ["differences > 4"], cron: "0 * * * *", timezone: "Asia/Shanghai" },
    });
    await findAnomalies(server);
    for (let times = 0; times < 2; times++) {
      await server.graphql("mutation($text: String!) { saveWorkflow(text: $text) { problems { message } } }", {
        text: "name: health-shop\ntags: [health]\nsteps:\n  - { id: inspect, uses: inspect, with: { connection: shop } }\n",
      });
      const { startRun: inspecting } = await server.graphql<{ startRun: { id: string } }>('mutation { startRun(workflow: "health-shop") { id } }');
      await ended(server, inspecting.id);
    }
    for (let times = 0; times < 3; times++) {
      const { startRun: measuring } = await server.graphql<{ startRun: { id: string } }>('mutation { startRun(workflow: "orders") { id } }');
      await ended(server, measuring.id);
    }
  });
  afterAll(async () => {
    await browser.close();
    await server.stop();
  });

  it.each(LOOKS)("is sound for everybody: $language $theme $width", async (look) => {
    const name = `${look.language}-${look.theme}-${look.width}`;
    const page = await visit(browser, server, "/workflows", look);
    const check = async (place: string) => {
      expect(await seriousFaults(page), place).toEqual([]);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(wide, `${place} is wider than the page`).toBeLessThanOrEqual(0);
      await picture(page, `${place}-${name}`);
    };
    await page.getByRole("link", { name: "fruit" }).waitFor();
    await check("list");
    await page.goto(`${server.base}/workflows/fruit?step=checked`);
    await node(page, "checked").waitFor();
    await check("editor");
    await page.goto(`${server.base}/runs`);
    await page.getByRole("link", { name: "fruit" }).waitFor();
    await check("runs");
    await page.goto(`${server.base}/runs/${run}?step=checked`);
    await page.locator('[data-run-status="SUCCEEDED"]').waitFor();
    await node(page, "checked").waitFor();
    await check("run");
    await page.goto(`${server.base}/runs/${run}?tab=logs`);
    await page.getByRole("log").waitFor();
    await check("logs");
    await page.goto(`${server.base}/runs/${run}?tab=artifacts`);
    await page.getByRole("button", { name: "kept-out.csv", exact: true }).waitFor();
    await check("artifacts");
    await page.goto(`${server.base}/connections`);
    await page.getByRole("link", { name: "shop" }).waitFor();
    await check("connections");
    await page.goto(`${server.base}/connections/shop?table=orders`);
    await page.getByText("customer", { exact: true }).waitFor();
    await check("schema");
    await page.goto(`${server.base}/console?connection=shop&table=orders`);
    await page.locator(".cm-content").waitFor();
    await check("console");
    await page.goto(`${server.base}/diffs`);
    await page.getByRole("link", { name: "shop:orders" }).waitFor();
    await check("diffs");
    await page.goto(`${server.base}/diffs/new?from=${diff}`);
    await page.getByText("TIMESTAMP").first().waitFor({ state: "attached" });
    await check("diff-form");
    await page.goto(`${server.base}/diffs/${diff}`);
    await page.locator('tr[data-kind="EXTRA"]').waitFor();
    await check("diff");
    await page.goto(`${server.base}/diffs/${diff}?repair=1`);
    await page.locator(".diff-script").waitFor();
    await check("diff-repair");
    await page.goto(`${server.base}/transfers`);
    await page.getByRole("link", { name: "shop-to-warehouse" }).waitFor();
    await check("transfers");
    await page.goto(`${server.base}/transfers/shop-to-warehouse`);
    await page.locator(".log-line").first().waitFor();
    await check("transfer");
    await page.goto(`${server.base}/transfers/new?change=shop-to-warehouse`);
    await page.locator(".transfer-sample").waitFor();
    await check("transfer-form");
    await page.goto(`${server.base}/monitors`);
    await page.getByRole("link", { name: "orders" }).waitFor();
    await check("monitors");
    await page.goto(`${server.base}/monitors?change=orders`);
    await page.locator("#monitor-form").waitFor();
    await check("monitor-form");
    await page.goto(`${server.base}/monitors/orders`);
    await page.locator(".trend-chart canvas").waitFor();
    await check("monitor");
    await page.goto(`${server.base}/anomalies`);
    await page.locator(".anomaly-open").first().waitFor();
    await check("anomalies");
    await page.locator(".anomaly-open").first().click();
    await page.getByRole("dialog").locator("form, dl").first().waitFor();
    await check("anomaly");
    await page.goto(`${server.base}/stores`);
    await page.getByRole("link", { name: "shop", exact: true }).waitFor();
    await check("stores");
    await page.goto(`${server.base}/stores/shop`);
    await page.locator(".store-cards").waitFor();
    await check("store");
    await page.goto(`${server.base}/templates`);
    await page.getByRole("heading", { name: "market-day" }).waitFor();
    await check("templates");
    await page.goto(`${server.base}/runs/compare?a=${run}`);
    await page.locator(".bar a").first().waitFor();
    await check("runs-compared");
    await page.goto(`${server.base}/tables`);
    await page.locator(".cm-content").click();
    await page.keyboard.insertText(tablesDocument("warehouse"));
    await page.keyboard.press("Control+Enter");
    await page.locator('[data-table="symbols"]').waitFor();
    await check("tables");
    await leave(page);
  });
});
