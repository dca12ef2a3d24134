import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launch, leave, missing, picture, seriousFaults, visit } from "./browser.ts";
import { startServer, type Server } from "./server.ts";

const reason = missing();

describe.skipIf(reason)("the first page", () => {
  let server: Server;
  let browser: Browser;
  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer(), launch()]);
  });
  afterAll(async () => {
    await browser.close();
    await server.stop();
  });

  it("asks for the token, refuses a wrong one, and opens with the right one", async () => {
    const page = await browser.newPage();
    await page.goto(`${server.base}/workflows`);
    const token = page.getByLabel("API token");
    await token.fill("not-the-token");
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByText("The server did not accept this token.").waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await token.fill(server.token);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Workflows", exact: true }).waitFor();
    await page.getByText("No workflows yet").waitFor();
    await page.close();
  });

  it("carries a policy that lets nothing foreign run, and takes the token out of the address", async () => {
    const response = await fetch(`${server.base}/`, { headers: { accept: "text/html" } });
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("script-src 'self';");
    expect(policy).not.toContain("unsafe");
    const page = await visit(browser, server, "/workflows");
    await page.getByRole("heading", { name: "Workflows", exact: true }).waitFor();
    expect(page.url()).toBe(`${server.base}/workflows`);
    await leave(page);
  });

  it("loads less than 600 kB of packed JavaScript, and nothing from elsewhere", async () => {
    const page = await visit(browser, server, "/workflows");
    await page.getByText("No workflows yet").waitFor();
    const loaded = await page.evaluate(() =>
      performance.getEntriesByType("resource").map((entry) => ({ name: entry.name, size: (entry as PerformanceResourceTiming).encodedBodySize })),
    );
    expect(loaded.filter(({ name }) => !name.startsWith(server.base) && !name.startsWith(server.base.replace("http", "ws")))).toEqual([]);
    const scripts = loaded.filter(({ name }) => name.endsWith(".js"));
    expect(scripts.length).toBeGreaterThan(0);
    expect(scripts.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(600_000);
    await leave(page);
  });

  it("is readable in both languages, light and dark, wide and narrow", async () => {
    for (const language of ["en", "zh"] as const) {
      for (const theme of ["light", "dark"] as const) {
        for (const width of [1440, 390]) {
          const page = await visit(browser, server, "/workflows", { language, theme, width });
          await page.getByRole("heading", { name: language === "zh" ? "工作流" : "Workflows", exact: true }).waitFor();
          expect(await seriousFaults(page)).toEqual([]);
          await picture(page, `workflows-${language}-${theme}-${width}`);
          await leave(page);
        }
      }
    }
  });

  it("goes anywhere by the command palette, without a mouse", async () => {
    const page = await visit(browser, server, "/workflows");
    await page.getByRole("heading", { name: "Workflows", exact: true }).waitFor();
    await page.keyboard.press("Control+k");
    await page.locator(".chooser-input:focus").waitFor();
    await page.keyboard.type("runs");
    await page.keyboard.press("Enter");
    await page.waitForURL(`${server.base}/runs`);
    await page.getByText("No runs yet").waitFor();
    await page.goto(`${server.base}/no-such-place`);
    await page.getByRole("heading", { name: "There is no such page" }).first().waitFor();
    await leave(page);
  });
});
