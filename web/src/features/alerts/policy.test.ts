import { describe, expect, it } from "vitest";
import { filterOf } from "./filter.ts";
import { NO_ROUTE, NO_RULES, NO_TEMPLATE, raiseRoute, readList, readPairs, readPolicy, removeRoute, setRoute, setRules, setTemplate } from "./policy.ts";

const TEXT = `# Whom we wake.
routes:
  - match: { severity: critical, labels: { team: data } } # at night, too
    channels: [pager]
    escalate: [{ after: 15m, channels: [boss] }]
  - match: { workflow: "market-*" }
    channels: [ops]
    group: { by: [workflow], window: 5m }
channels:
  ops:
    quiet: { from: "22:00", to: "07:00", zone: Asia/Shanghai, except: [critical] }
templates:
  brief:
    subject: "\${{ alert.row_count }} rows"
`;

describe("an alert policy", () => {
  it("is read as people want to know it", () => {
    const policy = readPolicy(TEXT);
    expect(policy?.routes[0]).toEqual({ ...NO_ROUTE, severity: ["critical"], labels: { team: "data" }, channels: ["pager"], escalate: [{ after: "15m", channels: ["boss"] }] });
    expect(policy?.routes[1]?.group).toEqual({ by: ["workflow"], window: "5m" });
    expect(policy?.channels).toEqual([["ops", { ...NO_RULES, quiet: { from: "22:00", to: "07:00", zone: "Asia/Shanghai", days: [], except: ["critical"], then: "" } }]]);
    expect(policy?.templates).toEqual([["brief", { ...NO_TEMPLATE, subject: "${{ alert.row_count }} rows" }]]);
    expect(readPolicy("")).toEqual({ routes: [], channels: [], templates: [] });
    expect(readPolicy("- a list")).toBeUndefined();
    expect(readPolicy("routes: [")).toBeUndefined();
  });

  it("keeps comments where a route is added, changed, moved or removed", () => {
    const route = { ...NO_ROUTE, severity: ["info", "warning"], channels: ["log"], stop: true };
    const added = setRoute(TEXT, 2, route);
    expect(readPolicy(added)?.routes[2]).toEqual(route);
    expect(added).toContain("# Whom we wake.");
    expect(added).toContain("# at night, too");
    const raised = raiseRoute(added, 2);
    expect(readPolicy(raised)?.routes.map((one) => one.channels[0])).toEqual(["pager", "log", "ops"]);
    expect(readPolicy(removeRoute(raised, 0))?.routes.map((one) => one.channels[0])).toEqual(["log", "ops"]);
  });

  it("begins with nothing, and ends with nothing", () => {
    const one = setRoute("", 0, { ...NO_ROUTE, channels: ["ops"] });
    expect(readPolicy(one)?.routes).toEqual([{ ...NO_ROUTE, channels: ["ops"] }]);
    expect(removeRoute(one, 0)).toBe("");
  });

  it("writes rules and templates by name, and forgets empty ones", () => {
    const rules = { ...NO_RULES, rate: { limit: 10, per: "1m" }, retry: { attempts: 3, backoff: "5s", max: "" } };
    const ruled = setRules(TEXT, "pager", rules);
    expect(readPolicy(ruled)?.channels.map(([name]) => name)).toEqual(["ops", "pager"]);
    expect(readPolicy(ruled)?.channels[1]?.[1]).toEqual(rules);
    expect(readPolicy(setRules(ruled, "ops", NO_RULES))?.channels.map(([name]) => name)).toEqual(["pager"]);
    const template = { ...NO_TEMPLATE, markdown: "# ${{ alert.title }}\n${{ alert.table }}", fields: { run: "${{ run.id }}" } };
    expect(readPolicy(setTemplate(TEXT, "long", template))?.templates[1]).toEqual(["long", template]);
    expect(readPolicy(setTemplate(TEXT, "brief", NO_TEMPLATE))?.templates).toEqual([]);
  });

  it("leaves a text alone that it cannot read", () => {
    expect(setRoute("routes: [", 0, NO_ROUTE)).toBe("routes: [");
  });
});

it("reads pairs and lists as people write them", () => {
  expect(readPairs("team=data, table = orders_*，any")).toEqual({ team: "data", table: "orders_*", any: "*" });
  expect(readPairs("a: x=1\n\nb: y", /\n/, ":")).toEqual({ a: "x=1", b: "y" });
  expect(readList(" ops,pager，log ")).toEqual(["ops", "pager", "log"]);
});

it("filters alerts as the address says, and takes what makes no sense for nothing", () => {
  const of = (text: string) => filterOf(new URLSearchParams(text));
  expect(of("")).toEqual({});
  expect(of("severity=CRITICAL&status=FAILED&channel=ops&workflow=bars")).toEqual({ severity: "CRITICAL", statuses: ["FAILED"], channel: "ops", workflow: "bars" });
  expect(of("severity=loud&status=lost&channel=")).toEqual({});
});
