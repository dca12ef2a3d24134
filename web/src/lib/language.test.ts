import { describe, expect, it } from "vitest";
import { fill, speak } from "./language.ts";

describe("words", () => {
  it("fills values in and leaves unknown names alone", () => {
    expect(fill("{a} and {b}", { a: "x" })).toBe("x and {b}");
  });

  it("chooses between one and many", () => {
    expect(fill("{n} {n|row|rows}", { n: 1 })).toBe("1 row");
    expect(fill("{n} {n|row|rows}", { n: 5105 })).toBe("5,105 rows");
  });

  it("speaks the language asked for", () => {
    const words = { rows: ["{n} rows", "{n} 行"] } as const;
    expect(speak(words, "zh")("rows", { n: 2 })).toBe("2 行");
  });
});
