import { describe, expect, it } from "vitest";
import { readTemplate, templates } from "./templates.ts";

describe("templates", () => {
  it("are the documents that come with the program", () => {
    expect(templates.map((template) => template.name)).toContain("market-quality");
    expect(templates.every((template) => template.steps > 0 && template.text.includes("steps:"))).toBe(true);
  });

  it("say which connections they need, nested ones too, but no expressions", () => {
    const text = `name: a
description: What it does.
steps:
  - { id: x, uses: write, with: { connection: history, table: t } }
  - { id: y, uses: foreach, with: { steps: [{ id: z, uses: sql, with: { connection: shop } }] } }
  - { id: w, uses: sql, with: { connection: "\${{ inputs.where }}" } }
`;
    expect(readTemplate("folder", text, "")).toMatchObject({ name: "a", description: "What it does.", steps: 3, connections: ["history", "shop"] });
    expect(readTemplate("folder", "steps: []", "")).toMatchObject({ name: "folder", steps: 0, connections: [] });
  });
});
