import { describe, expect, it } from "vitest";
import { emptyPlan, limitsOf, measuresOf, readPlan, toInput } from "./plan.ts";

const side = (connection: string) => ({ connection, table: "orders", query: "", filter: "" });

describe("a monitor", () => {
  it("asks the server for what was filled in, and nothing else", () => {
    const plan = { ...emptyPlan(), name: " orders ", left: side("shop"), right: side("replica"), key: "id, day", thresholds: "differences > 10\n\n percent >= 0.5 ", channels: "ops，mail", cron: "0 * * * *", timezone: "Asia/Shanghai" };
    expect(toInput(plan, false)).toEqual({
      name: "orders",
      template: "DATA_DIFF",
      left: { connection: "shop", table: "orders" },
      right: { connection: "replica", table: "orders" },
      key: ["id", "day"],
      cron: "0 * * * *",
      timezone: "Asia/Shanghai",
      thresholds: ["differences > 10", "percent >= 0.5"],
      channels: ["ops", "mail"],
      severity: "warning",
      replace: false,
    });
    expect(toInput({ ...emptyPlan(), template: "ROW_COUNT", left: { ...side("shop"), filter: "id > 1" }, right: null, key: "id" }, true)).toEqual({
      name: "",
      template: "ROW_COUNT",
      left: { connection: "shop", table: "orders", filter: "id > 1" },
      severity: "warning",
      replace: true,
    });
  });

  const document = {
    name: "orders",
    tags: ["monitor", "row_count"],
    triggers: [{ cron: "0 3 * * *", timezone: "Asia/Shanghai" }],
    steps: [
      { id: "measured", uses: "count", with: { connection: "shop", table: "orders", where: "id > 1", against: { connection: "replica", query: "SELECT 1" } } },
      { id: "tell", uses: "alert", with: { channels: ["log", "ops"], severity: "critical", text: "Passed: row_difference > 100 or percent >= 0.5" } },
    ],
  };

  it("comes back from its document", () => {
    expect(readPlan(JSON.stringify(document))).toEqual({
      name: "orders",
      template: "ROW_COUNT",
      left: { connection: "shop", table: "orders", query: "", filter: "id > 1" },
      right: { connection: "replica", table: "", query: "SELECT 1", filter: "" },
      key: "",
      columns: "",
      cron: "0 3 * * *",
      timezone: "Asia/Shanghai",
      thresholds: "row_difference > 100\npercent >= 0.5",
      channels: "ops",
      severity: "critical",
    });
    expect(readPlan("name: yaml")).toBeUndefined();
    expect(readPlan(JSON.stringify({ ...document, tags: ["monitor"] }))).toBeUndefined();
  });

  it("draws the limits of the measure that its trend is told by", () => {
    expect(limitsOf(readPlan(JSON.stringify(document)))).toEqual([100]);
    expect(limitsOf(undefined)).toEqual([]);
    expect(measuresOf("ROW_COUNT", false)).toEqual(["count"]);
  });
});
