import { readFileSync } from "node:fs";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { missingPlugin, pack } from "./archives.ts";
import { launch, leave, missing, picture, seriousFaults, visit, type Look } from "./browser.ts";
import { ended, sqlite } from "./databases.ts";
import { startReceiver, type Receiver } from "./receiver.ts";
import { startServer, type Server } from "./server.ts";

// Each width, language and theme twice, in pairs.
const LOOKS: readonly Required<Omit<Look, "clock">>[] = [
  { language: "en", theme: "light", width: 1440 },
  { language: "zh", theme: "dark", width: 1440 },
  { language: "en", theme: "dark", width: 390 },
  { language: "zh", theme: "light", width: 390 },
];

const POLICY = `routes:
  - match: { severity: critical, labels: { team: data } }
    channels: [ops]
    escalate: [{ after: 15m, channels: [ops] }]
  - match: { workflow: "market-*" }
    channels: [ops]
    group: { by: [workflow, label.table], window: 5m }
channels:
  ops:
    rate: { limit: 10, per: 1m }
    quiet: { from: "22:00", to: "07:00", zone: Asia/Shanghai, except: [critical] }
templates:
  brief:
    subject: "\${{ alert.row_count }} rows of \${{ alert.labels.table }}"
    markdown: "\${{ alert.table }}"
    fields: { workflow: "\${{ run.workflow }}" }
`;

const TELLING = `name: telling
steps:
  - id: tell
    uses: alert
    with: { channels: ops, severity: critical, title: "Bars are late", text: "Two rows of \`daily_bars\`:\\n\\n| symbol | close |\\n|---|--:|\\n| 600000.SH | 7.1 |\\n", labels: { table: daily_bars } }
    on_error: continue
`;

const CLEANUP = `name: cleanup
triggers: [{ cron: "0 3 * * *" }]
steps:
  - { id: thinned, uses: cleanup, with: { metadata: { runs: 180d, alerts: 365d }, dry_run: true } }
`;

describe.skipIf(missing() ?? missingPlugin("csv-http"))("every page of the system", () => {
  let server: Server;
  let browser: Browser;
  let receiver: Receiver;
  const save = (text: string) => server.graphql("mutation($text: String!) { saveWorkflow(text: $text) { problems { message } } }", { text });
  const run = async (workflow: string) => {
    const { startRun } = await server.graphql<{ startRun: { id: string } }>("mutation($workflow: String!) { startRun(workflow: $workflow) { id } }", { workflow });
    return ended(server, startRun.id);
  };
  beforeAll(async () => {
    [server, browser, receiver] = await Promise.all([startServer(["--allow-addresses", "127.0.0.1"]), launch(), startReceiver()]);
    for (const [name, version] of [["csv-http", "0.1.0"], ["csv-http", "0.2.0"], ["slack", "0.1.0"]] as const) {
      const archive = readFileSync(pack(name, server.folder, version)).toString("base64");
      await server.graphql("mutation($archive: String!) { installPlugin(archive: $archive) { name } }", { archive });
    }
    await server.graphql('mutation { grantPlugin(name: "slack", grants: ["http:https://hooks.slack.com", "kv"]) { name } }');
    await server.graphql('mutation($input: ChannelInput!) { createChannel(name: "ops", input: $input) { name } }', {
      input: { kind: "webhook", settings: JSON.stringify({ url: receiver.url, headers: { "x-team": "data" } }) },
    });
    await server.graphql("mutation($text: String!) { applyAlertPolicy(text: $text) { problems { message } } }", { text: POLICY });
    receiver.answer(410);
    await save(TELLING);
    await run("telling");
    await save(CLEANUP);
    await sqlite(server, "shop", ["CREATE TABLE orders (id INTEGER PRIMARY KEY)"]);
    await save("name: backup-shop\nsteps:\n  - { id: kept, uses: backup, with: { connection: shop, keep: 7 } }\n");
    await run("backup-shop");
    await server.graphql('mutation { createUser(name: "ann", password: "correct horse battery", role: EDITOR) { id } }');
    const { user } = await server.graphql<{ user: { id: string } }>('{ user(id: "ann") { id } }');
    await server.graphql('mutation($user: String!) { setGrant(user: $user, thing: WORKFLOW, pattern: "market-*", level: READ) { id } }', { user: user.id });
  });
  afterAll(async () => {
    await browser.close();
    await server.stop();
    await receiver.stop();
  });

  it.each(LOOKS)("is sound for everybody: $language $theme $width", async (look) => {
    const name = `${look.language}-${look.theme}-${look.width}`;
    const page = await visit(browser, server, "/plugins", look);
    const check = async (place: string) => {
      expect(await seriousFaults(page), place).toEqual([]);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(wide, `${place} is wider than the page`).toBeLessThanOrEqual(0);
      await picture(page, `${place}-${name}`);
    };
    await page.getByRole("link", { name: "csv-http" }).waitFor();
    await check("plugins");
    await page.goto(`${server.base}/plugins?install=1`);
    await page.getByRole("dialog").waitFor();
    await check("plugin-install");
    await page.goto(`${server.base}/plugins/csv-http`);
    await page.locator('[data-version="0.1.0"] .copy-text').waitFor();
    await check("plugin");
    await page.goto(`${server.base}/channels`);
    await page.getByText("webhook", { exact: true }).waitFor();
    await check("channels");
    await page.goto(`${server.base}/channels?change=ops`);
    await page.locator("#channel-form").waitFor();
    await check("channel-form");
    await page.goto(`${server.base}/alerts`);
    await page.getByRole("button", { name: "Bars are late" }).waitFor();
    await check("alerts");
    await page.getByRole("button", { name: "Bars are late" }).click();
    await page.locator(".alert-delivery tbody tr").waitFor();
    await check("alert");
    await page.goto(`${server.base}/alerts/policy`);
    await page.locator('[data-route="1"]').waitFor();
    await check("policy");
    await page.locator('[data-route="1"] .icon-button').nth(1).click();
    await page.locator("#route-form").waitFor();
    await check("policy-route");
    await page.goto(`${server.base}/settings`);
    await page.getByText("--listen").waitFor();
    await check("settings");
    await page.goto(`${server.base}/settings/retention`);
    await page.getByRole("link", { name: /cleanup/ }).waitFor();
    await check("settings-retention");
    await page.goto(`${server.base}/settings/backups`);
    await page.locator("tbody").getByRole("link", { name: "shop" }).waitFor();
    await check("settings-backups");
    await page.goto(`${server.base}/settings/people`);
    await page.getByRole("button", { name: "ann", exact: true }).waitFor();
    await check("people");
    await page.getByRole("button", { name: "ann", exact: true }).click();
    await page.locator('[data-grant="market-*"]').waitFor();
    await check("person");
    await page.goto(`${server.base}/settings/people?new=1`);
    await page.getByRole("dialog").waitFor();
    await check("person-new");
    await page.goto(`${server.base}/settings/tokens`);
    await page.locator("main").waitFor();
    await check("tokens");
    await page.goto(`${server.base}/settings/sessions?whose=all`);
    await page.locator("main").waitFor();
    await check("sessions");
    await page.goto(`${server.base}/settings/audit`);
    await page.getByText("createUser").first().waitFor();
    await page.locator(".audit-verdict button").click();
    await page.locator(".audit-whole").waitFor();
    await check("audit");
    await page.getByRole("button", { name: "setGrant" }).first().click();
    await page.getByRole("dialog").waitFor();
    await check("audit-entry");
    await leave(page);
  });
});
