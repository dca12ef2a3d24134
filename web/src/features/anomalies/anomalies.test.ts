import { describe, expect, it } from "vitest";
import { filterOf, readDetails, viewOf } from "./filter.ts";

describe("what of the anomalies is shown", () => {
  const of = (text: string) => filterOf(new URLSearchParams(text));

  it("is what nobody has settled, unless the address says otherwise", () => {
    expect(of("")).toEqual({ states: ["OPEN", "ACKNOWLEDGED"] });
    expect(of("state=all")).toEqual({});
    expect(of("state=RESOLVED&severity=WARN&rule=quality.*&connection=history")).toEqual({ states: ["RESOLVED"], severity: "WARN", rule: "quality.*", connection: "history" });
  });

  it("takes an address that makes no sense for the usual one", () => {
    expect(viewOf(new URLSearchParams("state=nonsense"))).toBe("unsolved");
    expect(of("severity=nonsense&rule=")).toEqual({ states: ["OPEN", "ACKNOWLEDGED"] });
  });

  it("tells figures by name, whatever they are", () => {
    expect(readDetails('{"rows":3,"sample":["a"],"word":"x"}')).toEqual([
      ["rows", "3"],
      ["sample", '[\n "a"\n]'],
      ["word", "x"],
    ]);
    expect(readDetails("nonsense")).toEqual([]);
  });
});
