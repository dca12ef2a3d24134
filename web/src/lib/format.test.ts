import { describe, expect, it } from "vitest";
import { formatExact, formatRelative, formatShort, formatSpan } from "./format.ts";

describe("formats", () => {
  it("tells spans in the two units that matter", () => {
    const spans: [number, string][] = [
      [0, "0 ms"],
      [999, "999 ms"],
      [2100, "2.1 s"],
      [59_000, "59 s"],
      [185_000, "3 m 05 s"],
      [3_720_000, "1 h 02 m"],
      [90_000_000, "1 d 1 h"],
    ];
    for (const [ms, text] of spans) expect(formatSpan(ms)).toBe(text);
  });

  it("tells moments before and after now", () => {
    const now = new Date("2026-01-31T12:00:00Z");
    expect(formatRelative(new Date("2026-01-31T11:55:00Z"), now, "en")).toBe("5 min. ago");
    expect(formatRelative(new Date("2026-01-31T15:00:00Z"), now, "zh")).toContain("3");
    expect(formatRelative(new Date("2026-02-02T01:00:00Z"), now, "en")).toBe("in 37 hr.");
  });

  it("always names the time zone", () => {
    expect(formatExact(new Date("2026-01-31T12:00:00Z"), "en")).toMatch(/^2026-01-31 \d\d:00:00 \S+/);
  });

  it("keeps exact numbers until they are too wide", () => {
    expect(formatShort(5105, "en")).toBe("5,105");
    expect(formatShort(1_234_567, "en")).toBe("1.2M");
  });
});
