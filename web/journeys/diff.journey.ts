import { readFileSync } from "node:fs";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launch, leave, missing, pick, picture, seriousFaults, visit } from "./browser.ts";
import { read, shopAndReplica, spoil } from "./databases.ts";
import { startServer, type Server } from "./server.ts";

describe.skipIf(missing())("comparing two tables", () => {
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

  it("finds the changed row, shows what mends it, and mends it only when asked", async () => {
    await spoil(server);
    const page = await visit(browser, server, "/diffs/new");
    for (const [side, connection] of [
      ["Left", "shop"],
      ["Right", "replica"],
    ] as const) {
      await pick(page, `${side}: Connection`, connection);
      await pick(page, `${side}: Table`, "orders");
    }
    // The columns load by themselves, and the key is the table's own.
    await page.getByLabel("Key: id").waitFor();
    expect(await page.getByLabel("Key: id").isChecked()).toBe(true);
    await page.getByText("5 columns, key id").waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "diff-form");
    await page.getByRole("button", { name: "Compare", exact: true }).click();

    await page.waitForURL(/\/diffs\/run_/);
    await page.locator('[data-run-status="SUCCEEDED"]').waitFor();
    await page.getByRole("button", { name: /Changed.*3/ }).waitFor();
    await page.locator('tr[data-kind="EXTRA"]').waitFor();
    const kinds = await page.locator("tr[data-kind]").evaluateAll((rows) => rows.map((row) => row.getAttribute("data-kind")));
    expect(kinds).toEqual(["CHANGED", "MISSING", "MISSING", "CHANGED", "CHANGED", "EXTRA"]);
    expect(await page.locator("td.diff-changed-right").allTextContents()).toEqual(["changed note", "NULL", "1000.50", "=cmd()"]);
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "diff");

    // Only changed rows, and of them the one with that value; then the whole row.
    await page.getByRole("button", { name: /Changed.*3/ }).click();
    await page.locator('tr[data-kind="EXTRA"]').waitFor({ state: "detached" });
    await page.getByLabel("Find in rows").fill("1000.50");
    await page.locator('tr[data-kind="CHANGED"]', { hasText: "1000.50" }).click();
    await page.getByRole("dialog").getByText("375.00", { exact: true }).waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "diff-row");
    await page.keyboard.press("Escape");

    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page
        .getByRole("button", { name: "Export" })
        .click()
        .then(() => page.getByRole("menuitem", { name: "All differences as CSV" }).click()),
    ]);
    const csv = readFileSync(await file.path(), "utf8").split("\r\n");
    expect(csv[0]).toBe("kind,id,column,left,right");
    expect(csv).toContain("changed,300,amount,375.00,1000.50");
    expect(csv).toContain("changed,301,customer,customer 301,\"'=cmd()\"");

    await page.getByRole("button", { name: "Repair…" }).click();
    await page.locator(".diff-script").waitFor();
    expect((await page.locator(".diff-script").textContent())?.trim().split("\n")).toHaveLength(5);
    expect(await read(server, "replica", "SELECT count(*) FROM orders WHERE id IN (100, 200, 900)")).toEqual([[1]]);
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "diff-repair");
    await page.getByRole("button", { name: /^Apply to/ }).click();
    await page.getByRole("button", { name: /^Change replica/ }).click();
    await page.getByText("5 statements were run on the right side").waitFor();
    expect(await read(server, "replica", "SELECT count(*) FROM orders WHERE id IN (100, 200, 900)")).toEqual([[2]]);

    await page.getByRole("button", { name: "Compare again", exact: true }).click();
    await page.getByRole("heading", { name: "Both sides are equal" }).waitFor();
    await page.getByRole("link", { name: "Compare", exact: true }).first().click();
    await page.getByRole("link", { name: "shop:orders with replica:orders" }).waitFor();
    await picture(page, "diffs");
    await leave(page);
  });

  it("says what is wrong where a comparison cannot be made", async () => {
    const page = await visit(browser, server, "/diffs/new");
    for (const side of ["Left", "Right"]) {
      await pick(page, `${side}: Connection`, "shop");
      await page.getByRole("group", { name: side, exact: true }).getByRole("button", { name: "Query" }).click();
      await page.getByRole("group", { name: side, exact: true }).getByRole("textbox", { name: "Query" }).fill("SELECT id FROM odrers");
    }
    await page.getByRole("button", { name: "Compare", exact: true }).click();
    await page.locator('[data-run-status="FAILED"]').waitFor();
    expect(await page.getByRole("alert").first().textContent()).toContain("odrers");
    await leave(page);
  });
});
