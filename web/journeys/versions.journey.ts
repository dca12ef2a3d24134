import { readFileSync } from "node:fs";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launch, leave, missing, node, picture, seriousFaults, visit } from "./browser.ts";
import { ended } from "./databases.ts";
import { startServer, type Server } from "./server.ts";

const text = (name: string, limit: string, more = "") =>
  `name: ${name}\nsteps:\n  - { id: rows, uses: fetch, with: { source: csv, path: fruit.csv } }\n  - { id: few, uses: transform, from: rows, with: { sql: "SELECT * FROM input LIMIT ${limit}" } }\n${more}`;

describe.skipIf(missing())("versions, runs and templates", () => {
  let server: Server;
  let browser: Browser;
  const save = (document: string) => server.graphql("mutation($text: String!) { saveWorkflow(text: $text) { workflow { id } problems { message } } }", { text: document });
  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer(), launch()]);
    server.file("fruit.csv", "id,name\n1,apple\n2,pear\n3,fig\n");
  });
  afterAll(async () => {
    await browser.close();
    await server.stop();
  });

  it("compares a version with what one has, as text and as graphs", async () => {
    const name = `fruit-${Date.now()}`;
    await save(text(name, "1"));
    await save(text(name, "2", '  - { id: all, uses: transform, from: rows, with: { sql: "SELECT * FROM input" } }\n'));
    const page = await visit(browser, server, `/workflows/${name}`);
    await node(page, "all").waitFor();
    await page.getByRole("button", { name: "Versions" }).click();
    await page.getByRole("button", { name: /^version 1/ }).click();
    await page.locator(".text-diff ins", { hasText: "LIMIT 2" }).waitFor();
    await page.getByRole("button", { name: "Graph", exact: true }).click();
    await page.getByText("1 step added").waitFor();
    await page.locator('.version-added [data-step="all"]').waitFor();
    await page.locator('.version-changed [data-step="few"]').first().waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "versions-graph");
    await leave(page);
  });

  it("runs again with other inputs", async () => {
    const name = `again-${Date.now()}`;
    await save(`name: ${name}\ninputs:\n  limit: { type: integer, default: 1 }\n  day: { type: string }\nsteps:\n  - { id: rows, uses: fetch, with: { source: csv, path: fruit.csv } }\n  - { id: few, uses: transform, from: rows, with: { sql: "SELECT * FROM input LIMIT \${{ inputs.limit }}" } }\n`);
    const { startRun } = await server.graphql<{ startRun: { id: string } }>("mutation($name: String!, $inputs: String) { startRun(workflow: $name, inputs: $inputs) { id } }", {
      name,
      inputs: JSON.stringify({ limit: 2, day: "=monday" }),
    });
    await ended(server, startRun.id);
    const page = await visit(browser, server, `/runs/${startRun.id}`);
    await page.getByRole("button", { name: "Run again…" }).click();
    const dialog = page.getByRole("dialog");
    expect(await dialog.getByLabel("limit").inputValue()).toBe("2");
    expect(await dialog.getByLabel("day").inputValue()).toBe("=monday");
    await dialog.getByLabel("limit").fill("3");
    await picture(page, "run-again");
    await dialog.getByRole("button", { name: "Run", exact: true }).click();
    await page.waitForURL((url) => url.pathname.startsWith("/runs/run_") && !url.pathname.includes(startRun.id));
    await page.getByText("limit=3").waitFor();
    await page.getByText("day==monday").waitFor();
    await leave(page);
  });

  it("hands over the files that a run left", async () => {
    const name = `files-${Date.now()}`;
    await save(text(name, "2", '  - { id: kept, uses: artifact, from: few, with: { name: "水果 few.csv" } }\n'));
    const { startRun } = await server.graphql<{ startRun: { id: string } }>("mutation($name: String!) { startRun(workflow: $name) { id } }", { name });
    expect(await ended(server, startRun.id)).toBe("SUCCEEDED");
    const page = await visit(browser, server, `/runs/${startRun.id}`);
    await page.getByRole("tab", { name: "Artifacts" }).click();
    const file = page.getByRole("button", { name: "水果 few.csv", exact: true });
    const [saved] = await Promise.all([page.waitForEvent("download"), file.click()]);
    expect(saved.suggestedFilename()).toBe("水果 few.csv");
    expect(readFileSync(await saved.path(), "utf8")).toBe("id,name\n1,apple\n2,pear\n");
    // A row leads to the step that left it.
    await page.getByRole("button", { name: "kept", exact: true }).click();
    await page.getByRole("complementary", { name: "Step kept" }).waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "run-artifacts");
    await leave(page);
  });

  it("compares two runs: rows, inputs and documents", async () => {
    const name = `runs-${Date.now()}`;
    const run = async () => {
      const { startRun } = await server.graphql<{ startRun: { id: string } }>("mutation($name: String!) { startRun(workflow: $name) { id } }", { name });
      expect(await ended(server, startRun.id)).toBe("SUCCEEDED");
      return startRun.id;
    };
    await save(text(name, "1"));
    await run();
    await save(text(name, "2"));
    const second = await run();
    const page = await visit(browser, server, `/runs/${second}`);
    await page.getByRole("button", { name: "Compare…" }).click();
    const row = page.locator('tr[data-step="few"]');
    await row.waitFor();
    expect(await row.getAttribute("data-different")).toBe("true");
    expect(await page.locator('tr[data-step="rows"]').getAttribute("data-different")).toBe("false");
    // Rows in, out, rejected; this run first.
    expect(await row.locator("td.number").nth(1).locator("div").allTextContents()).toEqual(["2", "1"]);
    await page.locator(".text-diff ins", { hasText: "LIMIT 2" }).waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "runs-compared");
    await leave(page);
  });

  it("opens a template as a new document, which is saved only when asked", async () => {
    const page = await visit(browser, server, "/templates");
    await page.getByRole("button", { name: "Open in the editor: market-quality" }).waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "templates");
    await page.getByRole("button", { name: "Open in the editor: market-quality" }).click();
    await node(page, "checked").waitFor();
    const { workflows } = await server.graphql<{ workflows: { nodes: { name: string }[] } }>("{ workflows { nodes { name } } }");
    expect(workflows.nodes.map((one) => one.name)).not.toContain("market-quality");
    await leave(page);
  });

  it("aligns what is selected", async () => {
    const name = `aligned-${Date.now()}`;
    await save(text(name, "1"));
    const page = await visit(browser, server, `/workflows/${name}`);
    await node(page, "few").waitFor();
    await page.locator(".react-flow__pane").click({ position: { x: 20, y: 300 } });
    await page.keyboard.press("Control+a");
    await page.getByRole("button", { name: "More", exact: true }).click();
    await page.getByRole("menuitem", { name: "Align at the left" }).click();
    await expect.poll(async () => Math.abs(((await node(page, "rows").boundingBox())?.x ?? 0) - ((await node(page, "few").boundingBox())?.x ?? 99))).toBeLessThan(1);
    await leave(page);
  });
});
