import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launch, missing, node, visit } from "./browser.ts";
import { startServer, type Server } from "./server.ts";

const text = (name: string, more = "") => `name: ${name}\nsteps:\n  - { id: rows, uses: fetch, with: { source: inline, rows: [{ id: 1 }] } }\n${more}`;

describe.skipIf(missing())("steps", () => {
  let server: Server;
  let browser: Browser;
  const save = (document: string) => server.graphql("mutation($text: String!) { saveWorkflow(text: $text) { problems { message } } }", { text: document });
  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer(), launch()]);
  });
  afterAll(async () => {
    await browser.close();
    await server.stop();
  });

  it("are copied in one window and pasted in another", async () => {
    await save(text("from", "  - { id: few, uses: transform, from: rows, with: { sql: \"SELECT * FROM input LIMIT 1\" } }\n"));
    await save(text("to"));
    const first = await visit(browser, server, "/workflows/from");
    const second = await first.context().newPage();
    await second.goto(`${server.base}/workflows/to`);
    await node(second, "rows").waitFor();
    await first.bringToFront();
    await node(first, "few").click();
    // From the canvas, not from a field of the form.
    await first.locator(".react-flow__pane").press("Control+c");
    await second.bringToFront();
    await second.locator(".react-flow__pane").click({ position: { x: 20, y: 20 } });
    await second.keyboard.press("Control+v");
    await node(second, "few").waitFor();
    await second.keyboard.press("Control+s");
    await second.getByText(/Saved/).first().waitFor();
    const { workflow } = await server.graphql<{ workflow: { version: { text: string } } }>('{ workflow(id: "to") { version { text } } }');
    expect(workflow.version.text).toContain("LIMIT 1");
    expect(workflow.version.text).toContain("from: rows");
    await first.context().close();
  });
});
