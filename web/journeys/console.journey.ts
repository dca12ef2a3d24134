import { readFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launch, leave, missing, picture, seriousFaults, visit } from "./browser.ts";
import { read, shopAndReplica } from "./databases.ts";
import { startServer, type Server } from "./server.ts";

/** Writes another statement in place of the one that is there. */
async function statement(page: Page, sql: string): Promise<void> {
  await page.locator(".cm-content").click();
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Backspace");
  await page.keyboard.insertText(sql);
}

describe.skipIf(missing())("the SQL console", () => {
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

  it("completes, checks, runs, and saves what it shows", async () => {
    const page = await visit(browser, server, "/console?connection=shop");
    await page.locator(".cm-content").waitFor();
    await statement(page, "SELECT id, note, amount FROM orders ORDER BY id LIMIT 20");
    await page.getByText("Reads").waitFor();
    await page.keyboard.press("Control+Enter");
    await page.getByText("20 rows", { exact: true }).waitFor();
    const cells = page.locator('[role="row"][aria-rowindex="8"] [role="gridcell"]');
    expect(await cells.allTextContents()).toEqual(["7", "NULL", "8.75"]);
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "console-answer");
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save as CSV" }).click()]);
    expect(readFileSync(await file.path(), "utf8").split("\r\n").slice(0, 2)).toEqual(["id,note,amount", "1,note 1,1.25"]);

    // What is wrong is underlined before anybody runs it.
    await statement(page, "SELECT nmae FROM orders");
    await page.locator(".cm-lintRange-error").waitFor();
    // Columns of the tables that the statement names are completed.
    await statement(page, "SELECT cust FROM orders");
    for (let at = 0; at < " FROM orders".length; at++) await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("Control+Space");
    await page.locator(".cm-tooltip-autocomplete").getByText("customer").waitFor();
    await picture(page, "console-completion");
    await page.keyboard.press("Escape");
    await leave(page);
  });

  it("changes nothing unless that is allowed and agreed to, and remembers what was asked", async () => {
    const page = await visit(browser, server, "/console?connection=shop");
    await page.locator(".cm-content").waitFor();
    await statement(page, "DELETE FROM orders WHERE id = 1");
    await page.getByText("Would be refused:").waitFor();
    await page.keyboard.press("Control+Enter");
    await page.getByRole("alert").waitFor();
    const count = async () => (await read(server, "shop", "SELECT count(*) FROM orders WHERE id = 1"))[0]?.[0];
    const before = await count();
    await page.getByRole("switch", { name: "Allow changes" }).click();
    await page.keyboard.press("Escape");
    await page.locator(".cm-content").click();
    await page.keyboard.press("Control+Enter");
    await page.getByRole("button", { name: "Do not run" }).click();
    expect(await count()).toBe(before);
    await page.locator(".cm-content").click();
    await page.keyboard.press("Control+Enter");
    await page.getByRole("button", { name: "Run it on shop" }).click();
    await page.getByText(/rows? changed/).waitFor();
    expect(await count()).toBe(0);
    await page.getByRole("button", { name: "History" }).click();
    await page.getByRole("dialog").getByText("DELETE FROM orders WHERE id = 1").first().waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "console-history");
    await leave(page);
  });

  it("scrolls a hundred thousand rows, and cancels a statement in the system", async () => {
    const page = await visit(browser, server, "/console?connection=shop");
    await page.locator(".cm-content").waitFor();
    await page.getByLabel("Rows at most").selectOption({ index: 3 });
    await statement(page, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT i, 'row ' || i AS name FROM n");
    await page.keyboard.press("Control+Enter");
    await page.locator(".results-bar").getByText("100,000 rows").waitFor();
    const grid = page.getByRole("grid", { name: "Results" });
    await grid.focus();
    await page.keyboard.press("Control+End");
    await page.locator('[role="gridcell"]', { hasText: "row 100000" }).waitFor();
    // Only what is in view is drawn.
    expect(await page.locator('[role="gridcell"]').count()).toBeLessThan(400);
    await statement(page, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n");
    await page.keyboard.press("Control+Enter");
    await page.getByText(/^Running for/).waitFor();
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByText(/^Canceled after/).waitFor();
    await leave(page);
  });
});
