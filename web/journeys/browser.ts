/** Chromium without a window, and what every journey does with a page. */
import axe from "axe-core";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium, type Browser, type Locator, type Page } from "playwright-core";
import { expect } from "vitest";
import { program, type Server } from "./server.ts";

const executablePath = process.env["SLUICE_CHROMIUM"] ?? "/usr/bin/chromium";

/** Why no journey can be made here; undefined: they can. In CI nothing is left out. */
export function missing(): string | undefined {
  const reason = !program ? "SLUICE_PROGRAM names no server" : existsSync(executablePath) ? undefined : `there is no ${executablePath}`;
  if (reason && process.env["SLUICE_TEST_NO_SKIP"]) throw new Error(`nothing may be skipped: ${reason}`);
  return reason;
}

export async function launch(): Promise<Browser> {
  // Chromium's own sandbox does not start as root, as which tests run in containers.
  return chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] });
}

export interface Look {
  theme?: "light" | "dark";
  language?: "en" | "zh";
  width?: number;
  /** Whether the journey may turn the page's clock forward (`page.clock`). */
  clock?: boolean;
}

/** A page that is signed in; whatever it writes to its console as an error fails the journey at `leave`. */
export async function visit(browser: Browser, server: Server, path: string, look: Look = {}): Promise<Page> {
  const { theme = "light", language = "en", width = 1440, clock = false } = look;
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    colorScheme: theme,
    locale: language === "zh" ? "zh-CN" : "en-US",
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") faults.push(message.text());
  });
  found.set(page, faults);
  if (clock) await page.clock.install();
  await page.goto(`${server.base}${path}#token=${server.token}`);
  return page;
}

const found = new WeakMap<Page, string[]>();

/** Closes the page; nothing may have gone wrong on it. */
export async function leave(page: Page): Promise<void> {
  const faults = found.get(page) ?? [];
  await page.context().close();
  expect(faults).toEqual([]);
}

/** What axe finds that is serious or worse. */
export async function seriousFaults(page: Page): Promise<string[]> {
  // The page's policy lets no foreign script in; evaluating is the browser's own doing.
  await page.evaluate(axe.source);
  const results = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
  return results.violations
    .filter((violation) => violation.impact === "serious" || violation.impact === "critical")
    .map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.target.join(" ")).join(", ")}`);
}

/** Keeps a picture of the page, for people to look at. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env["SLUICE_PICTURES"];
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}

/** Chooses a name from the list behind a button. */
export async function pick(page: Page, label: string, name: string): Promise<void> {
  await page.getByRole("button", { name: new RegExp(`^${label}:`) }).click();
  await page.locator(".chooser-input:focus").waitFor();
  await page.keyboard.type(name);
  await page.locator(".chooser-item[aria-selected=true]", { hasText: name }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: `${label}: ${name}`, exact: true }).waitFor();
}

/** The node of a step on the canvas. */
export function node(page: Page, step: string): Locator {
  return page.locator(`[data-step="${step}"]`);
}

/** Drags from the middle of one thing to a point, as a hand does: in several moves. */
export async function drag(page: Page, from: Locator, to: { x: number; y: number }): Promise<void> {
  const box = await from.boundingBox();
  if (!box) throw new Error("nothing to drag");
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2 + 20, box.y + box.height / 2 + 8, { steps: 3 });
  await page.mouse.move(to.x, to.y, { steps: 8 });
  await page.mouse.up();
}
