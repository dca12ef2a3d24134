import { expect, it } from "vitest";
import { diffLines } from "./line-diff.ts";

function check(before: string, after: string, expected: string): void {
  const sign = { same: " ", gone: "-", new: "+" };
  expect(diffLines(before.replaceAll("|", "\n"), after.replaceAll("|", "\n")).map((line) => sign[line.kind] + line.text).join("|")).toBe(expected);
}

it("tells lines that are gone from new ones", () => {
  check("a|b|c", "a|c", " a|-b| c");
  check("a|c", "a|b|c", " a|+b| c");
  check("a|x|c", "a|y|c", " a|-x|+y| c");
  check("", "a", "-|+a");
  check("same", "same", " same");
});
