import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launch, leave, missing, pick, picture, seriousFaults, visit } from "./browser.ts";
import { ended, read, shopAndReplica, sqlite, write } from "./databases.ts";
import { startServer, type Server } from "./server.ts";

describe.skipIf(missing())("transferring a table", () => {
  let server: Server;
  let browser: Browser;
  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer(), launch()]);
    await shopAndReplica(server);
    await sqlite(server, "warehouse", ["CREATE TABLE sales (id INTEGER PRIMARY KEY, client TEXT NOT NULL, total DECIMAL(10,2), origin TEXT NOT NULL)"]);
  });
  afterAll(async () => {
    await browser.close();
    await server.stop();
  });

  it("maps fields, fills the rest with defaults, shows what would be written, and proves what was", async () => {
    await write(server, "warehouse", "DELETE FROM sales");
    const page = await visit(browser, server, "/transfers/new");
    await pick(page, "From", "shop");
    await pick(page, "To", "warehouse");
    await page.getByRole("checkbox", { name: "orders" }).check();
    await page.getByLabel("Table at the target").fill("sales");
    // The target's fields load by themselves; what has no peer and takes no NULL is said.
    const row = (target: string) => page.locator(`tr[data-target="${target}"]`);
    await row("origin").getByText("takes no NULL and has no default").waitFor();
    await page.getByLabel("Gets: client").selectOption({ label: "customer · TEXT" });
    await page.getByLabel("Gets: total").selectOption({ label: "amount · DECIMAL(10,2)" });
    await page.getByLabel("Gets: origin").selectOption({ label: "a fixed value" });
    await page.getByLabel("Value or expression: origin").fill("shop");
    await page.getByText("Not moved: note, placed").waitFor();
    await page.getByLabel("Proof at the end").selectOption("diff");
    // The dry run shows the rows as they would arrive; nothing is written yet.
    const sample = page.getByRole("region", { name: /^First rows/ });
    await sample.getByText("customer 1", { exact: true }).waitFor();
    expect(await sample.locator("tbody tr").first().locator("td").allTextContents()).toEqual(["1", "customer 1", "1.25", "shop"]);
    expect(await read(server, "warehouse", "SELECT count(*) FROM sales")).toEqual([[0]]);
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "transfer-form");
    const name = `sales-${Date.now()}`;
    await page.getByLabel("Name", { exact: true }).fill(name);
    await page.getByRole("button", { name: "Save and start" }).click();

    await page.waitForURL(`${server.base}/transfers/${name}`);
    await page.locator('[data-transfer-state="COMPLETED"]').waitFor();
    await page.getByText("500 rows written").waitFor();
    await page.getByText("equal", { exact: true }).waitFor();
    await page.locator(".log-line").first().waitFor();
    expect(await read(server, "warehouse", "SELECT count(*), sum(origin = 'shop'), max(client) FROM sales")).toEqual([[500, 500, "customer 99"]]);
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "transfer");

    // Compared once more, after a row was changed: the proof fails and says so.
    await write(server, "warehouse", "UPDATE sales SET total = 0 WHERE id = 7");
    await page.getByRole("button", { name: "Compare with the source" }).click();
    await page.getByRole("button", { name: "Look at it" }).click();
    await page.waitForURL(/\/runs\/run_/);
    await page.locator('[data-run-status="FAILED"]').waitFor();
    await page.goto(`${server.base}/transfers`);
    await page.getByRole("link", { name }).waitFor();
    await picture(page, "transfers");

    // Saved settings come back into the form.
    await page.goto(`${server.base}/transfers/new?change=${name}`);
    await row("origin").waitFor();
    expect(await page.getByLabel("Value or expression: origin").inputValue()).toBe("shop");
    expect(await page.getByLabel("Gets: client").inputValue()).toBe("c:customer");
    await leave(page);
  });

  it("is canceled half-way, and resumed to its end", async () => {
    const fill = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000) INSERT INTO many SELECT i, 'v' || i FROM n";
    const source = `many${Date.now()}`;
    await sqlite(server, source, ["CREATE TABLE many (id INTEGER PRIMARY KEY, v TEXT)", fill]);
    await sqlite(server, `${source}-copy`, []);
    await server.graphql("mutation($input: MigrationInput!, $name: String!) { createMigration(name: $name, input: $input) { name } }", {
      name: source,
      input: { from: source, to: `${source}-copy`, tables: ["many"], settings: JSON.stringify({ chunk_rows: 5000, parallel: 1, rate_limit: 4000, validate: "count" }) },
    });
    const page = await visit(browser, server, `/transfers/${source}`);
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await page.locator('[data-transfer-state="RUNNING"]').waitFor();
    await page.getByText(/^[1-9][\d,]* rows written$/).waitFor();
    await picture(page, "transfer-running");
    await page.getByRole("button", { name: "Cancel transfer" }).click();
    await page.locator('[data-transfer-state="CANCELLED"]').waitFor();
    await page.getByRole("button", { name: "Resume" }).click();
    await page.locator('[data-transfer-state="COMPLETED"]').waitFor();
    await page.getByText("30,000 rows written").waitFor();
    expect(await read(server, `${source}-copy`, "SELECT count(*), count(DISTINCT id) FROM many")).toEqual([[30000, 30000]]);
    await leave(page);
  });

  it("moves several tables at once, and says which would not fit", async () => {
    const name = `pair${Date.now()}`;
    await sqlite(server, name, ["CREATE TABLE a (id INTEGER PRIMARY KEY, v TEXT)", "INSERT INTO a VALUES (1, 'x')", "CREATE TABLE b (id INTEGER PRIMARY KEY, w TEXT)"]);
    await sqlite(server, `${name}-to`, ["CREATE TABLE b (id INTEGER PRIMARY KEY)"]);
    const page = await visit(browser, server, "/transfers/new");
    await pick(page, "From", name);
    await pick(page, "To", `${name}-to`);
    await page.getByRole("button", { name: "All", exact: true }).click();
    await page.getByText("2 tables are moved with all their columns").waitFor();
    await page.locator(".transfer-table", { hasText: "is there" }).locator(".transfer-hazard").waitFor();
    await page.getByRole("checkbox", { name: "b", exact: true }).uncheck();
    await page.getByText("CREATE TABLE").first().waitFor({ state: "attached" });
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByRole("heading", { name: "Not started yet" }).waitFor();
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await page.locator('[data-transfer-state="COMPLETED"]').waitFor();
    const { workflow } = await server.graphql<{ workflow: { runs: { nodes: { id: string }[] } } }>("query($id: String!) { workflow(id: $id) { runs(first: 1) { nodes { id } } } }", {
      id: page.url().split("/").at(-1),
    });
    expect(await ended(server, workflow.runs.nodes[0]?.id ?? "")).toBe("SUCCEEDED");
    await leave(page);
  });
});
