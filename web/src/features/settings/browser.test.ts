import { expect, it } from "vitest";
import { spellBrowser } from "./browser.ts";

it("tells a browser as people call it", () => {
  expect(spellBrowser("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/142.0.0.0 Safari/537.36")).toBe("Chrome · Linux");
  expect(spellBrowser("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1")).toBe("Safari · iOS");
  expect(spellBrowser("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0")).toBe("Edge · Windows");
  expect([spellBrowser("curl/8.5.0"), spellBrowser("my-script"), spellBrowser("")]).toEqual(["curl", "my-script", "–"]);
});
