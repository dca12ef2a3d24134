import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { drag, launch, leave, missing, node, picture, seriousFaults, visit } from "./browser.ts";
import { startServer, type Server } from "./server.ts";

const TEXT = `name: fruit # the shop's
steps:
  - { id: rows, uses: fetch, with: { source: inline, rows: [{ id: 1, name: apple }] } }
  - { id: checked, uses: validate, from: rows, with: { rules: [{ name: named, not_null: name }] }, on_error: reject }
  - { id: large, uses: transform, from: checked, with: { sql: "SELECT * FROM input" } }
`;

describe.skipIf(missing())("notes and frames", () => {
  let server: Server;
  let browser: Browser;
  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer(), launch()]);
    const { saveWorkflow } = await server.graphql<{ saveWorkflow: { problems: unknown[] } }>("mutation($text: String!) { saveWorkflow(text: $text) { problems { message } } }", { text: TEXT });
    expect(saveWorkflow.problems).toEqual([]);
  });
  afterAll(async () => {
    await browser.close();
    await server.stop();
  });
  const saved = async () => {
    const { workflow } = await server.graphql<{ workflow: { version: { text: string } } }>('query { workflow(id: "fruit") { version { text } } }');
    return workflow.version.text;
  };

  it("are written, dragged, resized, renamed and deleted, and travel with the document", async () => {
    const page = await visit(browser, server, "/workflows/fruit");
    await node(page, "rows").waitFor();
    /** Everything in view, and at rest: what is chosen is moved into view. */
    const all = async () => {
      await page.evaluate(() => {
        (globalThis as unknown as { rest?: [string, number] }).rest = ["", 0];
      });
      await page.keyboard.press("1");
      await page.waitForFunction(() => {
        const place = document.querySelector(".react-flow__viewport")?.getAttribute("style") ?? "";
        const [last, since] = (globalThis as unknown as { rest: [string, number] }).rest;
        if (last === place) return Date.now() - since > 300;
        (globalThis as unknown as { rest?: [string, number] }).rest = [place, Date.now()];
        return false;
      });
    };
    // A frame around two steps, named by the keyboard.
    await node(page, "rows").click();
    await node(page, "checked").click({ modifiers: ["Control"] });
    await expect.poll(() => page.locator(".react-flow__node.selected").count()).toBe(2);
    await page.keyboard.press("g");
    await page.getByLabel("Title of the frame").fill("Taken in");
    await page.keyboard.press("Enter");
    const frame = page.locator('[data-frame="frame:0"]');
    await frame.getByText("Taken in").waitFor();

    // A note beside a step, by the keyboard alone.
    await node(page, "large").click();
    await page.keyboard.press("n");
    await page.getByLabel("Note", { exact: true }).fill("Large fruit only.\nAsk the shop first.");
    await page.keyboard.press("Control+Enter");
    const note = page.locator('[data-note="note:0"]');
    await note.getByText("Ask the shop first.").waitFor();
    await page.getByText("No problems").waitFor();

    // Dragged by its title, the frame takes its steps along.
    await all();
    const before = await node(page, "checked").boundingBox();
    const title = await frame.getByText("Taken in").boundingBox();
    await drag(page, frame.getByText("Taken in"), { x: (title?.x ?? 0) + 40, y: (title?.y ?? 0) + 150 });
    const movedBy = async () => Math.round(((await node(page, "checked").boundingBox())?.y ?? 0) - (before?.y ?? 0));
    await expect.poll(movedBy).toBeGreaterThan(100);
    // That is undone and done again like any edit.
    await page.keyboard.press("Control+z");
    await expect.poll(movedBy).toBe(0);
    await page.keyboard.press("Control+Shift+z");
    await expect.poll(movedBy).toBeGreaterThan(100);

    // A step that is put into it belongs to it.
    await all();
    const inside = await node(page, "checked").boundingBox();
    await drag(page, node(page, "large").locator(".step-title"), { x: (inside?.x ?? 0) + 40, y: (inside?.y ?? 0) + 60 });
    await expect.poll(() => page.locator(".cm-content").textContent()).toContain("steps: [ rows, checked, large ]");
    await page.keyboard.press("Control+z");
    await expect.poll(() => page.locator(".cm-content").textContent()).toContain("steps: [ rows, checked ]");
    await page.keyboard.press("Control+Shift+z");

    // Another size, by its corner.
    await note.click();
    await all();
    const corner = page.locator(".react-flow__node-note .react-flow__resize-control.handle.bottom.right");
    const at = await corner.boundingBox();
    await drag(page, corner, { x: (at?.x ?? 0) + 84, y: (at?.y ?? 0) + 44 });
    await expect.poll(async () => Number(/width: (\d+)/.exec((await page.locator(".cm-content").textContent()) ?? "")?.[1])).toBeGreaterThan(250);

    // F2 writes in it once more; a copy is one more note.
    await note.click();
    await page.keyboard.press("F2");
    await page.getByLabel("Note", { exact: true }).fill("Large fruit only.");
    await page.keyboard.press("Escape");
    await note.getByText("Large fruit only.", { exact: true }).waitFor();
    await page.keyboard.press("Control+c");
    await page.keyboard.press("Control+v");
    await page.locator('[data-note="note:1"]').waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "editor-notes");
    await page.keyboard.press("Delete");
    await page.locator('[data-note="note:1"]').waitFor({ state: "detached" });

    await page.getByText("No problems").waitFor();
    await page.keyboard.press("Control+s");
    await expect.poll(saved).toContain("canvas:");
    const text = await saved();
    expect(text.startsWith(TEXT)).toBe(true);
    expect(text).toContain("text: Large fruit only., beside: ");
    expect(text).toContain("- { title: Taken in, steps: [ rows, checked, large ] }");

    // Elsewhere they stand beside the same steps, and a run shows them.
    const other = await visit(browser, server, "/workflows/fruit", { theme: "dark", language: "zh" });
    await other.locator('[data-note="note:0"]').getByText("Large fruit only.").waitFor();
    await other.locator('[data-frame="frame:0"]').getByText("Taken in").waitFor();
    await picture(other, "editor-notes-dark");
    await leave(other);

    // Without its steps a frame is nothing.
    await node(page, "rows").locator(".step-title").click();
    await page.keyboard.press("Shift+ArrowRight");
    await page.keyboard.press("Delete");
    await frame.waitFor({ state: "detached" });
    await note.waitFor();
    await leave(page);
  });
});
