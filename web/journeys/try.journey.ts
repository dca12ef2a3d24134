import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launch, leave, missing, node, picture, seriousFaults, visit } from "./browser.ts";
import { startServer, type Server } from "./server.ts";

const CSV = "id,name\n1,apple\n2,\n3,fig\n4,pear\n";
const FRUIT = `name: fruit
steps:
  - id: rows
    uses: fetch
    with: { source: csv, path: fruit.csv }
  - id: checked
    uses: validate
    from: rows
    with: { rules: [{ name: named, not_null: name }] }
  - id: stored
    uses: write
    from: checked
    with: { connection: shop, table: fruit }
  - id: kept_out
    uses: write
    from: checked.rejected
    with: { connection: shop, table: kept_out }
  - id: cleared
    uses: sql
    needs: [stored]
    with: { connection: shop, sql: "DELETE FROM fruit" }
`;

describe.skipIf(missing())("trying a workflow", () => {
  let server: Server;
  let browser: Browser;
  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer(), launch()]);
    server.file("fruit.csv", CSV);
    await server.graphql("mutation($url: String!) { createConnection(name: \"shop\", input: { url: $url }) { name } }", { url: `sqlite://${server.folder}/shop.db` });
    await server.graphql("mutation($text: String!) { saveWorkflow(text: $text) { workflow { id } problems { message } } }", { text: FRUIT });
  });
  afterAll(async () => {
    await browser.close();
    await server.stop();
  });

  it("shows the rows on every edge and what would be written, and writes nothing", async () => {
    const page = await visit(browser, server, "/workflows/fruit");
    await node(page, "checked").waitFor();
    await page.getByRole("button", { name: "Try", exact: true }).click();
    const pane = page.getByRole("region", { name: "Try" });
    await pane.getByText("Nothing is written.").waitFor();
    const list = pane.getByRole("navigation", { name: "What leaves the steps" });
    await list.getByRole("button", { name: "rows.out 4" }).click();
    await pane.getByText("apple").waitFor();
    await list.getByRole("button", { name: "checked.rejected 1" }).click();
    await pane.getByText("_reason").waitFor();
    await list.getByText("3 rows would go to fruit, which would be made").waitFor();
    await list.getByText("1 row would go to kept_out, which would be made").waitFor();
    await list.getByText("is not tried, but done in a run").waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "editor-try");

    // A step on the canvas is what is looked at, and may be the last that is tried.
    await node(page, "checked").click();
    await list.locator('[aria-current="true"]', { hasText: "checked" }).waitFor();
    await pane.getByRole("button", { name: "Up to checked" }).click();
    await list.getByText("3 rows would go to fruit").waitFor({ state: "detached" });
    await pane.getByRole("button", { name: "Close" }).click();
    await pane.waitFor({ state: "detached" });

    const { connection, runs } = await server.graphql<{ connection: { tables: { nodes: string[] } }; runs: { nodes: unknown[] } }>(
      'query { connection(name: "shop") { tables(first: 10) { nodes } } runs(first: 1) { nodes { id } } }',
    );
    expect(connection.tables.nodes).toEqual([]);
    expect(runs.nodes).toEqual([]);
    await leave(page);
  });

  it("takes pinned results instead of running the step again, until they are let go", async () => {
    server.file("fruit.csv", CSV);
    const page = await visit(browser, server, "/workflows/fruit?step=rows");
    await node(page, "rows").waitFor();
    await page.getByRole("button", { name: "Try", exact: true }).click();
    const pane = page.getByRole("region", { name: "Try" });
    await pane.getByRole("button", { name: "rows.out 4" }).click();
    await pane.getByRole("button", { name: "Pin these rows of rows" }).click();
    await node(page, "rows").getByRole("img", { name: /^Pinned/ }).waitFor();
    await picture(page, "editor-pinned");

    // The file is another now, and nobody asks for it; after a reload, too.
    server.file("fruit.csv", "id,name\n9,plum\n");
    await page.reload();
    await node(page, "rows").getByRole("img", { name: /^Pinned/ }).waitFor();
    await page.getByRole("button", { name: "Try", exact: true }).click();
    await pane.getByRole("button", { name: "checked.out 3" }).click();
    await pane.getByText("apple").waitFor();
    expect(await seriousFaults(page)).toEqual([]);

    await pane.getByRole("button", { name: "rows.out 4" }).click();
    await pane.getByRole("button", { name: "Let rows run again" }).click();
    await node(page, "rows").getByRole("img", { name: /^Pinned/ }).waitFor({ state: "detached" });
    await pane.getByRole("button", { name: "Try all" }).click();
    await pane.getByRole("button", { name: "rows.out 1" }).waitFor();
    await leave(page);
  });

  it("tells what is wrong with a document that is not even saved", async () => {
    server.file("fruit.csv", CSV);
    const page = await visit(browser, server, "/workflows/fruit?step=rows");
    const path = page.locator("#step-form").getByLabel("path", { exact: true });
    await path.fill("friut.csv");
    await path.press("Tab");
    await page.keyboard.press("Control+Shift+Enter");
    const pane = page.getByRole("region", { name: "Try" });
    await pane.getByText("friut.csv").first().waitFor();
    await page.locator("#step-form").getByLabel("path", { exact: true }).fill("fruit.csv");
    await page.locator("#step-form").getByLabel("path", { exact: true }).press("Tab");
    await pane.getByText("The document has changed since.").waitFor();
    await pane.getByRole("button", { name: "Try all" }).click();
    await pane.getByRole("button", { name: "rows.out 4" }).waitFor();
    await leave(page);
  });
});
