import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launch, leave, missing, pick, picture, seriousFaults, visit } from "./browser.ts";
import { read, sqlite, tablesDocument } from "./databases.ts";
import { startServer, type Server } from "./server.ts";

/** Replaces the whole text, as a person who pastes it does. */
async function type(page: Page, text: string): Promise<void> {
  await page.locator(".cm-content").click();
  await page.keyboard.press("Control+a");
  // Chromium styles what replaces a selection, which the policy forbids and the editor does not need.
  await page.keyboard.press("Backspace");
  await page.keyboard.insertText(text);
}

describe.skipIf(missing())("tables as code", () => {
  let server: Server;
  let browser: Browser;
  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer(), launch()]);
  });
  afterAll(async () => {
    await browser.close();
    await server.stop();
  });

  it("plans a document, applies what was agreed to, and leaves alone what would lose data", async () => {
    const market = `market${Date.now()}`;
    await sqlite(server, market, []);
    const page = await visit(browser, server, "/tables");
    await page.locator(".cm-content").waitFor();
    await type(page, tablesDocument(market).replace("INT,", "INTT,"));
    await page.getByRole("button", { name: "Plan", exact: true }).click();
    await page.getByRole("alert").first().waitFor();
    await page.locator(".cm-lintRange-error").first().waitFor();
    await picture(page, "tables-faults");

    await type(page, tablesDocument(market, "      - { name: name, type: VARCHAR, length: 64 }\n"));
    await page.getByRole("button", { name: "Plan", exact: true }).click();
    await page.locator('[data-table="symbols"]').getByText("create", { exact: true }).waitFor();
    expect(await page.locator(".tables-changes pre").first().textContent()).toContain("CREATE TABLE");
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "tables-plan");
    await page.getByRole("button", { name: /^Apply 1 change$/ }).click();
    expect(await read(server, market, "SELECT count(*) FROM sqlite_schema WHERE name = 'symbols'")).toEqual([[0]]);
    await page.getByRole("button", { name: "Run 1 statement" }).click();
    await page.locator('[data-table="symbols"]').getByText("created", { exact: true }).waitFor();
    expect(await read(server, market, "SELECT count(*) FROM sqlite_schema WHERE name = 'symbols'")).toEqual([[1]]);

    // A column that is gone from the document is dropped only where that is allowed.
    await type(page, tablesDocument(market));
    await page.getByRole("button", { name: "Plan", exact: true }).click();
    await page.getByText("1 change loses data and is left out").waitFor();
    expect(await page.getByRole("button", { name: "Apply 0 changes" }).isDisabled()).toBe(true);
    await page.getByRole("button", { name: "Validate" }).click();
    await page.locator('[data-table="symbols"]').getByText("differs", { exact: true }).waitFor();
    await picture(page, "tables-validation");
    await page.getByRole("button", { name: "Plan", exact: true }).click();
    await page.getByRole("switch", { name: "Also run changes that lose data" }).click();
    await page.getByRole("button", { name: /^Apply [1-9]/ }).click();
    await page.getByRole("button", { name: /^Run \d+ statement/ }).click();
    await page.locator('[data-table="symbols"]').getByText("altered", { exact: true }).waitFor();
    expect(await read(server, market, "SELECT count(*) FROM pragma_table_info('symbols')")).toEqual([[2]]);

    // What was done is in the log; the live tables become a document that asks for nothing.
    await page.getByRole("button", { name: "History" }).click();
    await page.locator(".tables-log").getByText("create", { exact: true }).first().waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "tables-log");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Import…" }).click();
    await pick(page, "Connection", market);
    await page.getByRole("button", { name: "Import", exact: true }).click();
    await page.locator(".cm-content", { hasText: "symbols" }).waitFor();
    await page.getByRole("button", { name: "Plan", exact: true }).click();
    await page.locator('[data-table="symbols"]').getByText("nothing to do").waitFor();
    await leave(page);
  });
});
