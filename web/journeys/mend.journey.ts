import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launch, leave, missing, node, picture, seriousFaults, visit } from "./browser.ts";
import { startServer, type Server } from "./server.ts";

const BROKEN = `name: fruit
steps:
  - id: rows
    uses: fetch
    with: { source: csv, path: friut.csv }
  - id: first
    uses: transform
    from: rows
    with: { sql: "SELECT * FROM input LIMIT 1" }
`;

describe.skipIf(missing())("mending a failed run", () => {
  let server: Server;
  let browser: Browser;
  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer(), launch()]);
    server.file("fruit.csv", "id,name\n1,apple\n2,pear\n");
    await server.graphql("mutation($text: String!) { saveWorkflow(text: $text) { workflow { id } problems { message } } }", { text: BROKEN });
  });
  afterAll(async () => {
    await browser.close();
    await server.stop();
  });

  it("leads from the error on the step to its setting, and from there to a run that succeeds", async () => {
    const page = await visit(browser, server, "/workflows");
    await page.getByRole("button", { name: "Run fruit now" }).click();
    await page.getByRole("button", { name: "Look at it" }).click();
    await page.locator('[data-run-status="FAILED"]').waitFor();
    await page.locator('[data-step="rows"][data-state="FAILED"] .step-error').waitFor();
    expect(await page.getByRole("alert").first().textContent()).toContain("friut.csv");
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "run-failed");

    await page.getByRole("link", { name: "Mend in the editor" }).first().click();
    await page.waitForURL(/\/workflows\/fruit\?step=rows/);
    const path = page.locator("#step-form").getByLabel("path", { exact: true });
    await path.fill("fruit.csv");
    await path.press("Tab");
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await page.getByRole("button", { name: "Save and run" }).click();
    await page.waitForURL(/\/runs\/run_/);
    await page.locator('[data-run-status="SUCCEEDED"]').waitFor();
    await page.locator('[data-edge="data:rows.out:first"] .step-edge-rows').waitFor();

    await page.goto(`${server.base}/runs?workflow=fruit`);
    await page.locator("tbody").getByText("succeeded", { exact: true }).waitFor();
    await page.locator("tbody").getByText("failed", { exact: true }).waitFor();
    await page.getByLabel("State").selectOption("FAILED");
    await page.locator("tbody").getByText("succeeded", { exact: true }).waitFor({ state: "detached" });
    await picture(page, "runs");
    await leave(page);
  });

  it("says when the server is away, loses nothing, and goes on when it is back", async () => {
    const page = await visit(browser, server, "/workflows/fruit");
    await node(page, "rows").waitFor();
    await page.context().setOffline(true);
    await node(page, "rows").click();
    const path = page.locator("#step-form").getByLabel("path", { exact: true });
    await path.fill("away.csv");
    await path.press("Tab");
    await page.getByText("The server does not answer.").waitFor();
    await picture(page, "offline");
    await page.context().setOffline(false);
    await page.getByText("The server does not answer.").waitFor({ state: "detached" });
    expect(await path.inputValue()).toBe("away.csv");
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByText("version 2").or(page.getByText("version 1")).waitFor();
    // That requests failed meanwhile is what this is about.
    await page.context().close();
  });

  it("keeps what was not saved, and tells when somebody else saved meanwhile", async () => {
    const page = await visit(browser, server, "/workflows/fruit");
    await node(page, "first").click();
    const sql = page.locator("#step-form").getByLabel("sql *", { exact: true });
    await sql.fill("SELECT * FROM input LIMIT 2");
    await sql.press("Tab");
    await page.getByText("changed", { exact: true }).waitFor();
    await page.reload();
    await page.getByText("These changes of an earlier visit were not saved.").waitFor();
    await server.graphql("mutation($text: String!) { saveWorkflow(text: $text) { workflow { id } } }", {
      text: BROKEN.replace("friut", "fruit").replace("LIMIT 1", "LIMIT 7"),
    });
    // The page read the newest version when it was loaded; now there is a newer one.
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByText(/Somebody else saved version/).waitFor();
    expect(await page.locator(".text-diff").textContent()).toContain("LIMIT 7");
    await picture(page, "conflict");
    await page.getByRole("button", { name: "Save mine over it" }).click();
    await page.getByText(/Saved/).first().waitFor();
    const { workflow } = await server.graphql<{ workflow: { version: { text: string } } }>('{ workflow(id: "fruit") { version { text } } }');
    expect(workflow.version.text).toContain("LIMIT 2");
    await leave(page);
  });
});
