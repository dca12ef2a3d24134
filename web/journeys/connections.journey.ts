import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launch, leave, missing, picture, seriousFaults, visit } from "./browser.ts";
import { write } from "./databases.ts";
import { startServer, type Server } from "./server.ts";

describe.skipIf(missing())("connections", () => {
  let server: Server;
  let browser: Browser;
  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer(), launch()]);
  });
  afterAll(async () => {
    await browser.close();
    await server.stop();
  });

  it("are made, tested, browsed, changed, and deleted", async () => {
    const name = `shop${Date.now()}`;
    const page = await visit(browser, server, "/connections");
    await page.getByRole("button", { name: "New connection" }).click();
    await page.getByLabel(/^Name/).fill("Not A Name");
    await page.getByLabel("System").selectOption("sqlite");
    await page.getByLabel(/^File on the server/).fill(join(server.folder, `${name}.db`));
    await page.getByRole("button", { name: /^Create/ }).click();
    await page.getByRole("dialog").getByRole("alert").waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "connection-form");
    await page.getByLabel(/^Name/).fill(name);
    await page.getByRole("switch", { name: /console may write/ }).click();
    await page.getByRole("button", { name: `Create ${name}` }).click();
    await page.getByRole("link", { name, exact: true }).waitFor();
    await write(server, name, "CREATE TABLE orders (id INTEGER PRIMARY KEY, total DECIMAL(10,2) NOT NULL DEFAULT 0)");
    await write(server, name, "CREATE INDEX by_total ON orders (total)");
    await page.getByRole("button", { name: `Test ${name}` }).click();
    await page.getByText(/answers: SQLite/).first().waitFor();

    await page.getByRole("link", { name, exact: true }).click();
    await page.getByRole("button", { name: "orders" }).click();
    await page.getByRole("row", { name: /^total DECIMAL\(10,2\) no 0/ }).waitFor();
    await page.getByText("by_total").waitFor();
    await picture(page, "connection-schema");

    await page.goto(`${server.base}/connections?change=${name}`);
    await page.getByLabel("What it is for").fill("the till");
    await page.getByRole("button", { name: "Save changes" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.goto(`${server.base}/connections`);
    await page.getByRole("searchbox").fill("the till");
    await page.getByRole("button", { name: `More about ${name}` }).click();
    await page.getByRole("menuitem", { name: "Delete…" }).click();
    await page.getByRole("button", { name: `Delete ${name}` }).click();
    await page.getByRole("link", { name, exact: true }).waitFor({ state: "detached" });
    const { connections } = await server.graphql<{ connections: { nodes: { name: string }[] } }>("{ connections { nodes { name } } }");
    expect(connections.nodes.map((one) => one.name)).not.toContain(name);
    await leave(page);
  });

  it("tell in one line why a system does not answer", async () => {
    const name = `nobody${Date.now()}`;
    await server.graphql("mutation($name: String!) { createConnection(name: $name, input: { url: \"postgres://nobody@127.0.0.1:1/none\" }) { name } }", { name });
    const page = await visit(browser, server, "/connections");
    await page.getByRole("button", { name: `Test ${name}` }).click();
    await page.getByLabel(/^fails:/).waitFor();
    await page.goto(`${server.base}/connections/${name}`);
    await page.getByRole("alert").waitFor();
    await page.getByRole("button", { name: "Try again" }).waitFor();
    await leave(page);
  });
});
