import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launch, leave, missing, node, picture, seriousFaults, visit } from "./browser.ts";
import { startServer, type Server } from "./server.ts";

const PASSWORD = "correct horse battery";
const DOCUMENT = `name: fruit
steps:
  - id: rows
    uses: fetch
    with: { source: inline, rows: [{ id: 1, name: apple }, { id: 2, name: pear }] }
  - id: few
    uses: transform
    from: rows
    with: { sql: "SELECT * FROM input LIMIT 1" }
`;

describe.skipIf(missing())("people", () => {
  let server: Server;
  let browser: Browser;
  const contexts: BrowserContext[] = [];
  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer(), launch()]);
  });
  afterAll(async () => {
    await Promise.all(contexts.map((context) => context.close()));
    await browser.close();
    await server.stop();
  });

  /** A browser of its own, which nobody has signed in with. */
  const stranger = async (path: string, width = 1440): Promise<Page> => {
    const context = await browser.newContext({ viewport: { width, height: 900 }, locale: "en-US", colorScheme: "light" });
    contexts.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    await page.goto(`${server.base}${path}`);
    return page;
  };
  const signIn = async (page: Page, name: string, password = PASSWORD) => {
    await page.getByLabel("Name", { exact: true }).fill(name);
    await page.getByLabel("Password", { exact: true }).fill(password);
    await page.keyboard.press("Enter");
  };
  const signedIn = async (name: string, path: string) => {
    const page = await stranger(path);
    await signIn(page, name);
    await page.getByRole("button", { name: `${name}: account and preferences` }).waitFor();
    return page;
  };
  const create = (name: string, role: string) =>
    server.graphql("mutation($name: String!, $password: String, $role: RoleWord!) { createUser(name: $name, password: $password, role: $role) { id } }", { name, password: PASSWORD, role });

  it("reach a finished run in three clicks from the first start", async () => {
    let clicks = 0;
    const page = await stranger(`/#setup=${server.setup}`);
    await page.getByRole("heading", { name: "Welcome to Sluice" }).waitFor();
    expect(page.url()).not.toContain("setup");
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "first-run");
    await page.getByLabel("Name", { exact: true }).fill("root");
    await page.getByLabel("Password", { exact: true }).fill("short");
    expect(await page.getByRole("button", { name: "Create the admin" }).isDisabled()).toBe(true);
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: "Create the admin" }).click();
    clicks++;
    await page.getByRole("heading", { name: "Welcome, root" }).waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "welcome");
    await page.getByRole("button", { name: "Run the demo" }).click();
    clicks++;
    await page.locator('[data-run-status="SUCCEEDED"]').waitFor();
    await page.locator('[data-step="kept_out"][data-state="SUCCEEDED"]').waitFor();
    expect(clicks).toBeLessThanOrEqual(3);
    await picture(page, "first-run-done");
    // The link works once.
    const other = await stranger(`/#setup=${server.setup}`);
    await other.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await other.getByRole("button", { name: "Create the admin" }).click();
    await other.getByRole("alert").getByText(/link/).first().waitFor();
    await other.getByRole("button", { name: "Sign in" }).click();
    await other.getByRole("button", { name: "Sign in by an API token" }).waitFor();
  });

  it("sign in by name and password, and out again; what is wrong is not told more closely", async () => {
    const page = await stranger("/runs");
    await signIn(page, "root", "not the password");
    await page.getByRole("alert").waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "sign-in-refused");
    await signIn(page, "root");
    await page.getByRole("heading", { name: "Runs", exact: true }).waitFor();
    // A cookie that scripts cannot see is all there is.
    expect(await page.evaluate(() => document.cookie)).toBe("");
    await page.reload();
    await page.getByRole("heading", { name: "Runs", exact: true }).waitFor();
    await page.getByRole("button", { name: "root: account and preferences" }).click();
    await picture(page, "menu-of-the-person");
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.getByLabel("Password", { exact: true }).waitFor();
    await page.reload();
    await page.getByLabel("Password", { exact: true }).waitFor();
  });

  it("keep what they were writing when their session ends, and go on after signing in again", async () => {
    await create("ann", "EDITOR");
    await server.graphql("mutation($text: String!) { saveWorkflow(text: $text) { problems { message } } }", { text: DOCUMENT });
    const page = await signedIn("ann", "/workflows/fruit");
    await node(page, "few").click();
    const sql = page.locator("#step-form").getByLabel("sql *", { exact: true });
    const { sessions } = await server.graphql<{ sessions: { nodes: { id: string; userId: string }[] } }>("{ sessions(all: true) { nodes { id userId } } }");
    const { user } = await server.graphql<{ user: { id: string } }>('{ user(id: "ann") { id } }');
    for (const session of sessions.nodes.filter((one) => one.userId === user.id)) await server.graphql("mutation($id: String!) { endSession(id: $id) }", { id: session.id });
    await sql.fill("SELECT * FROM input LIMIT 2");
    await sql.press("Tab");
    // The checker is the first to be told.
    const again = page.getByRole("dialog", { name: "Your session has ended" });
    await again.waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "session-ended");
    await again.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.keyboard.press("Enter");
    await again.waitFor({ state: "detached" });
    expect(await sql.inputValue()).toBe("SELECT * FROM input LIMIT 2");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByText(/Saved/).first().waitFor();
    const { workflow } = await server.graphql<{ workflow: { version: { text: string } } }>('{ workflow(id: "fruit") { version { text } } }');
    expect(workflow.version.text).toContain("LIMIT 2");
  });

  it("edit one workflow in two browsers: whoever saves second sees what the first has saved", async () => {
    await create("bob", "EDITOR");
    const [ann, bob] = await Promise.all([signedIn("ann", "/workflows/fruit"), signedIn("bob", "/workflows/fruit")]);
    const edit = async (page: Page, limit: string) => {
      await node(page, "few").click();
      const sql = page.locator("#step-form").getByLabel("sql *", { exact: true });
      await sql.fill(`SELECT * FROM input LIMIT ${limit}`);
      await sql.press("Tab");
    };
    await edit(ann, "7");
    await edit(bob, "8");
    await ann.getByRole("button", { name: "Save", exact: true }).click();
    await ann.getByText(/Saved/).first().waitFor();
    await bob.getByRole("button", { name: "Save", exact: true }).click();
    await bob.getByText(/Somebody else saved version/).waitFor();
    expect(await bob.locator(".text-diff").textContent()).toContain("LIMIT 7");
    await picture(bob, "two-people");
    await bob.getByRole("button", { name: "Save mine over it" }).click();
    await bob.getByText(/Saved/).first().waitFor();
    const { workflow } = await server.graphql<{ workflow: { version: { text: string } } }>('{ workflow(id: "fruit") { version { text } } }');
    expect(workflow.version.text).toContain("LIMIT 8");
  });

  it("are added, given roles and grants, and taken them again", async () => {
    const page = await visit(browser, server, "/settings/people");
    await page.getByRole("button", { name: "Add a person" }).click();
    await page.getByLabel("Name *").fill("vic");
    await page.getByLabel("Password").fill("short");
    await page.getByRole("button", { name: "Add vic" }).click();
    await page.getByRole("dialog").getByRole("alert").waitFor();
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Add vic" }).click();
    await page.getByRole("button", { name: "vic", exact: true }).click();
    const drawer = page.getByRole("dialog");
    await drawer.getByLabel("Of", { exact: true }).selectOption({ label: "workflows" });
    await drawer.getByLabel("Names", { exact: true }).fill("fru*");
    await drawer.getByLabel("Level", { exact: true }).selectOption("NONE");
    await drawer.getByRole("button", { name: "Set the grant" }).click();
    await drawer.locator('[data-grant="fru*"]').waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "person");

    // What vic may not see is not there, and what vic may not do is not offered.
    const vic = await signedIn("vic", "/workflows");
    await vic.getByRole("link", { name: "demo", exact: true }).waitFor();
    expect(await vic.getByRole("link", { name: "fruit", exact: true }).count()).toBe(0);
    expect(await vic.getByRole("button", { name: "New workflow" }).count()).toBe(0);
    expect(await vic.getByRole("button", { name: "Run demo now" }).count()).toBe(0);
    expect(await vic.getByRole("link", { name: "Plugins" }).count()).toBe(0);
    expect(await seriousFaults(vic)).toEqual([]);
    await picture(vic, "viewer");
    await vic.goto(`${server.base}/settings`);
    await vic.waitForURL(/\/settings\/sessions/);
    expect(await vic.getByRole("link", { name: "Audit log" }).count()).toBe(0);

    await drawer.getByRole("button", { name: "Remove the grant of fru*" }).click();
    await drawer.locator('[data-grant="fru*"]').waitFor({ state: "detached" });
    await drawer.getByLabel("Role").selectOption("EDITOR");
    await expect.poll(async () => (await server.graphql<{ user: { role: string } }>('{ user(id: "vic") { role } }')).user.role).toBe("EDITOR");
    await drawer.getByRole("switch", { name: "May sign in" }).click();
    await page.locator("tr", { hasText: "vic" }).getByText("disabled").waitFor();
    await leave(page);
  });

  it("make tokens that are shown once, and end sessions", async () => {
    const page = await signedIn("ann", "/settings/tokens");
    await page.getByRole("button", { name: "New token" }).click();
    await page.getByLabel("What it is for").fill("ci");
    await page.getByLabel("At most").selectOption("OPERATOR");
    await page.getByRole("button", { name: "Make the token" }).click();
    const text = (await page.locator("[data-token]").textContent()) ?? "";
    expect(text.length).toBeGreaterThan(20);
    await picture(page, "token-once");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "I have copied it" }).click();
    await page.getByRole("row", { name: /^ci operator/ }).waitFor();
    expect(await page.content()).not.toContain(text);
    const asked = await fetch(`${server.base}/graphql`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${text}` },
      body: JSON.stringify({ query: "{ me { name role } }" }),
    });
    expect(await asked.json()).toEqual({ data: { me: { name: "ann", role: "OPERATOR" } } });
    await page.getByRole("button", { name: "Revoke ci" }).click();
    await page.getByText("No tokens yet").waitFor();
    await page.getByRole("link", { name: "Sessions" }).click();
    await page.getByText("this one").waitFor();
    const before = await page.locator("tbody tr").count();
    await page.locator("tbody tr", { hasNotText: "this one" }).first().getByRole("button").click();
    await expect.poll(() => page.locator("tbody tr").count()).toBe(before - 1);
    await picture(page, "sessions");
  });

  it("are on record with what they did, before and after", async () => {
    const page = await visit(browser, server, "/settings/audit?who=api&operation=updateUser");
    await page.getByRole("button", { name: "updateUser" }).last().click();
    const drawer = page.getByRole("dialog");
    await drawer.locator(".text-diff del", { hasText: /viewer/i }).waitFor();
    await drawer.locator(".text-diff ins", { hasText: /editor/i }).waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "audit-entry");
    await page.keyboard.press("Escape");
    await drawer.waitFor({ state: "detached" });
    // Whether all of it is whole is one button away.
    await page.getByRole("button", { name: "Verify the log" }).click();
    await page.getByText(/Whole: [\d,]+ entries/).waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "audit");
    // What was done to its checkpoints shows.
    const checkpoints = join(server.folder, "data", "audit-checkpoints");
    const before = readFileSync(checkpoints, "utf8");
    writeFileSync(checkpoints, before.replace(/"entry":(\d+)/, (_, number: string) => `"entry":${Number(number) + 1}`));
    await page.getByRole("button", { name: "Verify the log" }).click();
    await page.getByText("The log was changed.").waitFor();
    await page.getByText("it is not signed by this server's key").waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "audit-broken");
    writeFileSync(checkpoints, before);
    await page.getByRole("button", { name: "Verify the log" }).click();
    await page.getByText(/Whole: [\d,]+ entries/).waitFor();
    await leave(page);
  });
});
