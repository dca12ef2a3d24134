import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { missingPlugin, pack } from "./archives.ts";
import { launch, leave, missing, picture, seriousFaults, visit } from "./browser.ts";
import { ended } from "./databases.ts";
import { startServer, type Server } from "./server.ts";

describe.skipIf(missing() ?? missingPlugin("csv-http"))("plugins", () => {
  let server: Server;
  let browser: Browser;
  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer(), launch()]);
  });
  afterAll(async () => {
    await browser.close();
    await server.stop();
  });
  const grants = async () => (await server.graphql<{ plugin: { grants: string[]; version: string } }>('{ plugin(name: "csv-http") { grants version } }')).plugin;

  it("are installed with nothing granted, reviewed in plain words, and granted what they get", async () => {
    const page = await visit(browser, server, "/plugins");
    await page.getByRole("button", { name: "Install plugin" }).click();
    await page.getByLabel("Archive").setInputFiles({ name: "nonsense.sluice", mimeType: "application/octet-stream", buffer: Buffer.from("nonsense") });
    await page.getByRole("button", { name: "Install nonsense.sluice" }).click();
    await page.getByRole("dialog").getByRole("alert").waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "plugin-refused");
    await page.getByLabel("Archive").setInputFiles(pack("csv-http", server.folder, "0.1.0"));
    await page.getByRole("button", { name: "Install csv-http-0.1.0.sluice" }).click();
    await page.waitForURL(`${server.base}/plugins/csv-http`);
    await page.getByText(/^lacks /).waitFor();
    expect((await grants()).grants).toEqual([]);
    // In words: it asks for any host, which is marked.
    await page.getByText("requests by https to any host, any port").waitFor();
    const hosts = page.getByLabel("HTTP requests to");
    await hosts.fill("https://data.example.com nonsense");
    await page.getByRole("button", { name: "Grant 2" }).click();
    await page.getByRole("alert").getByText(/nonsense/).first().waitFor();
    expect((await grants()).grants).toEqual([]);
    await hosts.fill("https://data.example.com");
    await page.getByLabel("Secret authorization").fill("env:DATA_TOKEN");
    await page.getByRole("button", { name: "Grant 2" }).click();
    await page.getByText("ready", { exact: true }).waitFor();
    expect((await grants()).grants).toEqual(["http:https://data.example.com", "secret:authorization=env:DATA_TOKEN"]);
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "plugin-granted");

    // How it fares is told where it is: a call that asks for a host it was not granted fails.
    await page.getByText("It has not been called since the server was started.").waitFor();
    await server.graphql("mutation($text: String!) { saveWorkflow(text: $text) { problems { message } } }", {
      text: "name: elsewhere\nsteps:\n  - { id: rows, uses: fetch, with: { source: plugin, plugin: csv-http, settings: { url: \"https://elsewhere.example.com/rows.csv\" } } }\n",
    });
    const { startRun } = await server.graphql<{ startRun: { id: string } }>('mutation { startRun(workflow: "elsewhere") { id } }');
    expect(await ended(server, startRun.id)).toBe("FAILED");
    const health = page.getByRole("region", { name: "How it fares" });
    await health.getByText(/^\d+ failures?$/).waitFor();
    await health.getByRole("alert").getByText(/elsewhere\.example\.com/).first().waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "plugin-fares");
    await leave(page);
  });

  it("keep their versions side by side, go back to an earlier one, and are revoked and removed", async () => {
    const page = await visit(browser, server, "/plugins?install=1");
    await page.getByLabel("Archive").setInputFiles(pack("csv-http", server.folder, "0.2.0"));
    await page.getByRole("button", { name: "Install csv-http-0.2.0.sluice" }).click();
    await page.locator('[data-version="0.1.0"]').waitFor();
    // An upgrade keeps what was granted.
    expect(await grants()).toEqual({ grants: ["http:https://data.example.com", "secret:authorization=env:DATA_TOKEN"], version: "0.2.0" });
    await page.locator('[data-version="0.2.0"]').getByText("in use").waitFor();
    await picture(page, "plugin-versions");
    await page.getByRole("button", { name: "Use 0.1.0" }).click();
    await page.locator('[data-version="0.1.0"]').getByText("in use").waitFor();
    expect((await grants()).version).toBe("0.1.0");
    await page.getByRole("button", { name: "Remove 0.2.0" }).click();
    await page.getByRole("button", { name: "Remove csv-http@0.2.0" }).click();
    await page.locator('[data-version="0.2.0"]').waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Revoke everything" }).click();
    await page.getByText(/^lacks /).waitFor();
    expect((await grants()).grants).toEqual([]);
    await page.getByRole("button", { name: "Remove…" }).click();
    await page.getByRole("button", { name: "Remove csv-http", exact: true }).click();
    await page.waitForURL(`${server.base}/plugins`);
    await page.getByText("No plugins yet").waitFor();
    await leave(page);
  });
});
