import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launch, leave, missing, picture, seriousFaults, visit } from "./browser.ts";
import { findAnomalies } from "./databases.ts";
import { startServer, type Server } from "./server.ts";

interface Found {
  id: string;
  state: string;
  comment: string | null;
}

describe.skipIf(missing())("the inbox of anomalies", () => {
  let server: Server;
  let browser: Browser;
  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer(), launch()]);
    await findAnomalies(server);
  });
  afterAll(async () => {
    await browser.close();
    await server.stop();
  });

  it("shows what a run found; one is acknowledged with a comment, the others are resolved at once, one comes back", async () => {
    const all = async () => (await server.graphql<{ anomalies: { nodes: Found[] } }>("{ anomalies(first: 200) { nodes { id state comment } } }")).anomalies.nodes;
    const before = await all();
    expect(before.length).toBeGreaterThan(1);
    for (const { id, state } of before) {
      if (state !== "OPEN") await server.graphql("mutation($id: String!) { reopenAnomaly(id: $id) { id } }", { id });
    }
    const page = await visit(browser, server, "/anomalies");
    await page.locator(".anomaly-open").nth(before.length - 1).waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "anomalies");
    await page.locator(".anomaly-open").first().click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Comment").fill("the vendor knows");
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "anomaly");
    await dialog.getByRole("button", { name: "Acknowledge" }).click();
    await dialog.getByText("acknowledged", { exact: true }).waitFor();
    await dialog.getByText("the vendor knows").waitFor();
    await page.keyboard.press("Escape");
    expect((await all()).filter((one) => one.state === "ACKNOWLEDGED").map((one) => one.comment)).toEqual(["the vendor knows"]);

    await page.getByRole("button", { name: "open", exact: true }).click();
    await page.locator(".anomaly-open").nth(before.length - 1).waitFor({ state: "detached" });
    await page.getByLabel("Choose all").check();
    await page.getByRole("button", { name: `Resolve ${before.length - 1}` }).click();
    await page.getByText("Nothing is wrong").waitFor();
    expect((await all()).filter((one) => one.state === "RESOLVED")).toHaveLength(before.length - 1);

    await page.getByRole("button", { name: "resolved", exact: true }).click();
    await page.locator(".anomaly-open").first().click();
    await dialog.getByRole("button", { name: "Reopen" }).click();
    await dialog.getByText("open", { exact: true }).waitFor();
    await leave(page);
  });

  it("sets what a rule does, says what is wrong with it, and forgets it", async () => {
    const page = await visit(browser, server, "/anomalies?open=rules");
    await page.getByRole("button", { name: "Set a rule" }).click();
    await page.getByRole("dialog").getByLabel(/^Rule/).fill("quality.nonsense");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("alert").waitFor();
    await page.getByRole("dialog").getByLabel(/^Rule/).fill("quality.a3");
    await page.getByRole("switch", { name: /^Mute/ }).click();
    await page.getByRole("button", { name: "Save" }).click();
    await page.locator(".anomaly-rules").getByText("muted").waitFor();
    await picture(page, "anomaly-rules");
    await page.getByRole("button", { name: "Forget" }).click();
    await page.getByText("Nothing was set for any rule.").waitFor();
    await leave(page);
  });
});
