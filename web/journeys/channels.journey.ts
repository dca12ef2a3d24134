import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launch, leave, missing, picture, seriousFaults, visit } from "./browser.ts";
import { ended } from "./databases.ts";
import { startReceiver, type Receiver } from "./receiver.ts";
import { startServer, type Server } from "./server.ts";

const DOCUMENT = `name: telling
steps:
  - id: tell
    uses: alert
    with: { channels: ops, severity: warning, title: "Bars are **late**", text: "Two rows of \`daily_bars\`.", labels: { table: daily_bars } }
    on_error: continue
`;

describe.skipIf(missing())("channels and alerts", () => {
  let server: Server;
  let browser: Browser;
  let receiver: Receiver;
  beforeAll(async () => {
    [server, browser, receiver] = await Promise.all([startServer(["--allow-addresses", "127.0.0.1"]), launch(), startReceiver()]);
  });
  afterAll(async () => {
    await browser.close();
    await server.stop();
    await receiver.stop();
  });

  it("are made by a form of their settings, tested, changed and deleted", async () => {
    const page = await visit(browser, server, "/channels");
    await page.getByRole("button", { name: "New channel" }).click();
    await page.getByLabel("Kind").selectOption("webhook");
    await page.getByLabel(/^Name/).fill("spare");
    await page.getByRole("button", { name: "Create spare" }).click();
    // Neither as a setting nor as a secret: what is wrong stands in the form.
    await page.getByRole("dialog").getByRole("alert").getByText(/url/).first().waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "channel-form");
    await page.getByLabel("url", { exact: true }).fill(receiver.url);
    await page.getByLabel("headers").fill('{ "x-team": ');
    await page.getByText("This is no JSON.").waitFor();
    await page.getByLabel("headers").fill('{ "x-team": "data" }');
    await page.getByRole("button", { name: "Create spare" }).click();
    await page.getByRole("button", { name: "spare", exact: true }).waitFor();

    receiver.answer(410);
    await page.getByRole("button", { name: "Send a test alert to spare" }).click();
    await page.getByRole("button", { name: "Send the test alert" }).click();
    await page.getByRole("dialog").getByRole("alert").getByText(/410/).waitFor();
    await picture(page, "channel-test-failed");
    receiver.answer(200);
    await page.getByRole("button", { name: "Send again" }).click();
    await page.getByText("The channel took it.").waitFor();
    expect(receiver.bodies.at(-1)).toContain("Sluice test alert");
    await page.keyboard.press("Escape");

    await page.getByRole("button", { name: "spare", exact: true }).click();
    await page.getByLabel("Secret: secret").fill("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX");
    await page.getByRole("button", { name: "Save changes" }).click();
    await page.getByRole("row", { name: /spare/ }).getByText("sealed").waitFor();
    await page.getByRole("button", { name: "More about spare" }).click();
    await page.getByRole("menuitem", { name: "Delete…" }).click();
    await page.getByRole("button", { name: "Delete spare" }).click();
    await page.getByText("No channels yet").waitFor();
    await leave(page);
  });

  it("tell in the delivery log what a channel said, and send again when asked", async () => {
    await server.graphql("mutation($input: ChannelInput!) { createChannel(name: \"ops\", input: $input) { name } }", { input: { kind: "webhook", settings: JSON.stringify({ url: receiver.url }) } });
    await server.graphql("mutation($text: String!) { saveWorkflow(text: $text) { problems { message } } }", { text: DOCUMENT });
    receiver.answer(410);
    const { startRun } = await server.graphql<{ startRun: { id: string } }>('mutation { startRun(workflow: "telling") { id } }');
    await ended(server, startRun.id);
    const page = await visit(browser, server, "/alerts?status=FAILED");
    await page.getByText("ops: failed").waitFor();
    await picture(page, "alerts");
    await page.getByRole("button", { name: /Bars are/ }).click();
    const delivery = page.locator('[data-channel="ops"]');
    await delivery.getByText(/410/).waitFor();
    await page.locator(".markdown code", { hasText: "daily_bars" }).waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "alert-failed");
    receiver.answer(200);
    await delivery.getByRole("button", { name: "Send to ops now" }).click();
    await page.locator('[data-channel="ops"][data-status="DELIVERED"]').waitFor();
    expect(await delivery.locator("tbody tr").count()).toBe(2);
    await page.getByLabel("Comment").fill("on it");
    await page.getByRole("button", { name: "Acknowledge" }).click();
    await page.getByText("on it").waitFor();
    await leave(page);
  });

  it("follow a policy that is written as text and by forms, with every fault named", async () => {
    const page = await visit(browser, server, "/alerts/policy");
    await page.getByRole("button", { name: "Add a route" }).click();
    await page.getByLabel("critical").check();
    await page.getByLabel("Channels told").fill("ops, nobody");
    await page.getByLabel("Gather for").fill("5m");
    await page.getByRole("button", { name: "Write into the policy" }).click();
    await page.locator('[data-route="0"]', { hasText: "severity critical" }).waitFor();
    await page.getByRole("button", { name: "Apply the policy" }).click();
    await page.getByRole("alert").getByText(/nobody/).first().waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "policy-faults");
    await page.getByRole("button", { name: "Change Route 1" }).click();
    await page.getByLabel("Channels told").fill("ops");
    await page.getByRole("button", { name: "Write into the policy" }).click();
    await page.getByRole("button", { name: "Set rules of a channel" }).click();
    await page.getByLabel("Quiet from").fill("22:00");
    await page.getByRole("dialog").getByLabel("To", { exact: true }).fill("07:00");
    await page.getByRole("button", { name: "Write into the policy" }).click();
    await page.getByText("quiet 22:00–07:00 UTC", { exact: false }).waitFor();

    await page.getByRole("button", { name: "Add a template" }).click();
    await page.getByLabel(/^Name/).fill("brief");
    await page.getByLabel("Subject").fill("${{ alert.row_count }} rows, ${{ alert.severity }}");
    await page.locator(".policy-preview h3", { hasText: /^\d+ rows, warning$/ }).waitFor();
    await page.getByLabel("Markdown").fill("${{ alert.table }}");
    await page.locator(".policy-preview table").waitFor();
    await page.getByLabel("Subject").fill("${{ alert.");
    await page.getByRole("dialog").getByRole("alert").waitFor();
    await page.getByLabel("Subject").fill("${{ alert.row_count }} rows");
    await page.getByRole("dialog").getByRole("alert").waitFor({ state: "detached" });
    expect(await seriousFaults(page)).toEqual([]);
    await picture(page, "template-preview");
    await page.getByRole("button", { name: "Write into the policy" }).click();
    await page.getByRole("button", { name: "Apply the policy" }).click();
    await page.getByText("changed", { exact: true }).waitFor({ state: "detached" });
    await picture(page, "policy");
    const { alertPolicy } = await server.graphql<{ alertPolicy: string }>("{ alertPolicy }");
    expect(alertPolicy).toContain("window: 5m");
    expect(alertPolicy).toContain("brief:");
    await leave(page);
  });
});
