import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { drag, launch, leave, missing, node, picture, seriousFaults, visit } from "./browser.ts";
import { startServer, type Server } from "./server.ts";

const FRUIT = "id,name,price\n1,apple,1.20\n2,pear,0.90\n3,,2.00\n4,fig,3.10\n";

/** The saved document without its blanks. */
async function savedText(server: Server, name: string): Promise<string> {
  const { workflow } = await server.graphql<{ workflow: { version: { text: string } } }>("query($id: String!) { workflow(id: $id) { version { text } } }", {
    id: name,
  });
  return workflow.version.text;
}

/** Writes a setting of the chosen step into its form. */
async function fill(page: Page, label: string, value: string): Promise<void> {
  const field = page.locator("#step-form").getByLabel(label, { exact: true });
  await field.fill(value);
  await field.press("Tab");
}

/** Takes a kind from the list that has just opened, as soon as it listens. */
async function choose(page: Page, kind: string): Promise<void> {
  await page.locator(".chooser-input:focus").waitFor();
  await page.keyboard.type(kind);
  await page.locator(".chooser-item[aria-selected=true]", { hasText: kind }).waitFor();
  await page.keyboard.press("Enter");
}

describe.skipIf(missing())("drawing a workflow", () => {
  let server: Server;
  let browser: Browser;
  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer(), launch()]);
    server.file("fruit.csv", FRUIT);
  });
  afterAll(async () => {
    await browser.close();
    await server.stop();
  });

  it("with the mouse: drag a kind in, drop a wire on nothing, run it, and see the rows on the edges", async () => {
    const page = await visit(browser, server, "/workflows/new");
    await page.locator('[data-kind="fetch"]').waitFor();
    await page.locator(".react-flow__pane").waitFor();
    await page.locator('[data-kind="fetch"]').dragTo(page.locator(".canvas"), { targetPosition: { x: 160, y: 220 } });
    await node(page, "fetch").waitFor();
    await page.locator("#step-form").getByLabel("source", { exact: true }).selectOption("csv");
    await fill(page, "path", "fruit.csv");

    // A wire dropped on nothing asks what shall stand there.
    const first = await node(page, "fetch").boundingBox();
    expect(first).not.toBeNull();
    await drag(page, node(page, "fetch").locator(".step-out").first(), { x: (first?.x ?? 0) + 300, y: (first?.y ?? 0) + 60 });
    await choose(page, "validate");
    await node(page, "validate").waitFor();
    await fill(page, "rules *", "- { name: named, not_null: name }");

    const second = await node(page, "validate").boundingBox();
    await drag(page, node(page, "validate").locator(".step-out").first(), { x: (second?.x ?? 0) + 40, y: (second?.y ?? 0) + 190 });
    await choose(page, "transform");
    await node(page, "transform").waitFor();
    await fill(page, "sql *", "SELECT * FROM input WHERE price > 1");

    // Rejected rows need a place: what breaks a rule is left out.
    await node(page, "validate").click();
    await page.getByRole("tab", { name: "Order" }).click();
    await page.locator("#step-form").getByLabel("On error").selectOption("reject");
    await page.getByText("No problems").waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "editor-drawn");

    await page.keyboard.press("Control+s");
    await page.waitForURL(/\/workflows\/new-workflow/);
    const text = await savedText(server, "new-workflow");
    expect(text.replace(/\s+/g, " ")).toContain("- id: validate uses: validate from: fetch");
    expect(text.replace(/\s+/g, " ")).toContain("- id: transform uses: transform from: validate");

    await page.getByRole("button", { name: "Run", exact: true }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Run", exact: true }).click();
    await page.waitForURL(/\/runs\/run_/);
    await page.locator('[data-run-status="SUCCEEDED"]').waitFor();
    const rows = async (edge: string) => (await page.locator(`[data-edge="${edge}"] .step-edge-rows`).textContent())?.trim();
    expect(await rows("data:fetch.out:validate")).toBe("4");
    expect(await rows("data:validate.out:transform")).toBe("3");
    await node(page, "validate").click();
    await page.getByText("Rows rejected").waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "run-succeeded");
    await page.getByRole("tab", { name: "Timeline" }).click();
    await page.locator(".timeline-bar").first().waitFor();
    await picture(page, "run-timeline");
    await leave(page);
  });

  it("with the keyboard alone", async () => {
    const page = await visit(browser, server, "/workflows/new");
    await page.locator('[data-kind="fetch"]').waitFor();
    await page.locator(".react-flow__pane").waitFor();
    const add = async (kind: string) => {
      await page.keyboard.press("Tab");
      await choose(page, kind);
      await node(page, kind).waitFor();
    };
    const blur = () => page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
    await add("fetch");
    await page.keyboard.press("Enter");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Tab");
    await page.keyboard.type("fruit.csv");
    await page.keyboard.press("Enter");
    await blur();
    await add("validate");
    await page.keyboard.press("Enter");
    await page.keyboard.type("- { name: named, not_null: name }");
    await page.keyboard.press("Control+Enter");
    await blur();
    await add("transform");
    await page.keyboard.press("Enter");
    await page.keyboard.type("SELECT name FROM input");
    await page.keyboard.press("Control+Enter");
    await blur();
    // Walk back along the edge, take the last step away, and think better of it.
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Delete");
    await node(page, "transform").waitFor({ state: "detached" });
    await page.keyboard.press("Control+z");
    await node(page, "transform").waitFor();
    await page.keyboard.press("Control+s");
    await page.waitForURL(/\/workflows\/new-workflow/);
    const text = (await savedText(server, "new-workflow")).replace(/\s+/g, " ");
    for (const part of ["path: fruit.csv", "from: fetch", "not_null: name", "from: validate", "SELECT name FROM input"]) expect(text).toContain(part);
    await leave(page);
  });

  it("in the text: what is written there stands on the canvas, and its comments stay", async () => {
    await server.graphql("mutation($text: String!) { saveWorkflow(text: $text) { workflow { id } } }", {
      text: "name: noted\nsteps:\n  # the source\n  - id: rows\n    uses: fetch\n    with: { source: csv, path: fruit.csv } # a day\n",
    });
    const page = await visit(browser, server, "/workflows/noted");
    await node(page, "rows").waitFor();
    const code = page.locator(".cm-content");
    await code.click();
    await page.keyboard.press("Control+End");
    await page.keyboard.insertText("  - id: kept\n    uses: transform\n    from: rows\n");
    await node(page, "kept").waitFor();
    await page.getByText(/^\d+ problems?$/).waitFor();
    await node(page, "rows").click();
    await fill(page, "path", "other.csv");
    await page.locator(".cm-content", { hasText: "other.csv" }).waitFor();
    const text = (await code.innerText()).replace(/\u00a0/g, " ");
    expect(text).toContain("# the source");
    expect(text).toContain("path: other.csv } # a day");
    await picture(page, "editor-text");
    await leave(page);
  });
});
