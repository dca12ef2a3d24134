import { expect, it } from "vitest";
import { readInlines, readMarkdown } from "./markdown.ts";

it("reads paragraphs, lists, code and tables", () => {
  const blocks = readMarkdown("# Bars\n\nTwo **bad** rows\nof `daily`:\n- one\n- two\n\n```\nSELECT 1\n```\n| a | b |\n|---|--:|\n| 1\\|2 | x |\n");
  expect(blocks.map((block) => block.kind)).toEqual(["heading", "paragraph", "list", "code", "table"]);
  expect(blocks[2]).toMatchObject({ isNumbered: false, items: [[{ text: "one" }], [{ text: "two" }]] });
  expect(blocks[4]).toEqual({ kind: "table", head: [[{ kind: "text", text: "a" }], [{ kind: "text", text: "b" }]], rows: [[[{ kind: "text", text: "1|2" }], [{ kind: "text", text: "x" }]]] });
});

it("takes what is no markup, and addresses that are none of the web, as text", () => {
  expect(readInlines("<b>x</b> 2 * 3 * 4 [x](javascript:alert(1))")).toEqual([{ kind: "text", text: "<b>x</b> 2 * 3 * 4 [x](javascript:alert(1))" }]);
  expect(readInlines("see [run](https://a.example/r) now")).toEqual([
    { kind: "text", text: "see " },
    { kind: "link", text: "run", to: "https://a.example/r" },
    { kind: "text", text: " now" },
  ]);
});

it("comes to its end on whatever text", () => {
  for (const text of ["", "```", "| a |", "|-|\n|-|", "a | b\nc", "- ", "#", "****", "\n\n\n|", "x\n| a | b |\n|--|--|"]) expect(Array.isArray(readMarkdown(text))).toBe(true);
});
