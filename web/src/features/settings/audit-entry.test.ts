import { expect, it } from "vitest";
import { filterOf, spellJson } from "./audit-entry.ts";

it("writes what was before and after in the same order", () => {
  expect(spellJson('{"role":"editor","name":"ann"}')).toBe('{\n  "name": "ann",\n  "role": "editor"\n}');
  expect(spellJson('{"name":"ann","role":"editor"}')).toBe(spellJson('{"role":"editor","name":"ann"}'));
  expect([spellJson(""), spellJson("cut off {")]).toEqual(["", "cut off {"]);
});

it("filters by what the address says", () => {
  expect(filterOf(new URLSearchParams("who=ann&operation= &subject=connection history"))).toEqual({ who: "ann", subject: "connection history" });
});
