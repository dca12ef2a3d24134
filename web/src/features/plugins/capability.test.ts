import { describe, expect, it } from "vitest";
import { asksNothing, changesOf, compareVersions, formOf, grantsOf, isUsualPort, readAddress, readAsks, readConnection, spellAsks, spellConnection, withAll } from "./capability.ts";

const ASKS = readAsks('{"http":["https://*.example.com"],"secrets":["token"],"clock":true,"kv":false,"tcp":["*:10030"],"sql":["store"],"redis":[]}');

describe("what a plugin is granted", () => {
  it("reads back as the form shows it", () => {
    const grants = ["http:https://a.example.com", "http:https://b.example.com:8443", "tcp:host:10030", "secret:token=env:A=B", "sql:store=history", "clock"];
    expect(grantsOf(formOf(ASKS, grants))).toEqual(grants);
    expect(grantsOf(formOf(ASKS, []))).toEqual([]);
  });

  it("is all that needs no choice, where all is wanted", () => {
    expect(grantsOf(withAll(ASKS, formOf(ASKS, [])))).toEqual(["http:https://*.example.com", "tcp:*:10030", "clock"]);
    const narrowed = formOf(ASKS, ["http:https://a.example.com"]);
    expect(grantsOf(withAll(ASKS, narrowed))).toEqual(["http:https://a.example.com", "tcp:*:10030", "clock"]);
  });

  it("is told by what was asked for, a line each", () => {
    expect(spellAsks(ASKS)).toEqual(["http:https://*.example.com", "tcp:*:10030", "secret:token", "sql:store", "clock"]);
  });

  it("names a connection, to be read or changed", () => {
    expect([readConnection("history:write"), readConnection("history")]).toEqual([
      { connection: "history", mayWrite: true },
      { connection: "history", mayWrite: false },
    ]);
    expect([spellConnection({ connection: "history", mayWrite: true }), spellConnection({ connection: "", mayWrite: true })]).toEqual(["history:write", ""]);
    expect(grantsOf(formOf(ASKS, ["sql:store=history:write"]))).toEqual(["sql:store=history:write"]);
  });

  it("is told by what is new and what is gone", () => {
    expect(changesOf(["clock", "kv"], ["kv", "tcp:a:1"])).toEqual({ more: ["tcp:a:1"], less: ["clock"] });
  });

  it("is nothing where nothing, or nothing that can be read, is asked", () => {
    expect([asksNothing(readAsks("{}")), asksNothing(readAsks("no")), asksNothing(ASKS)]).toEqual([true, true, false]);
  });
});

describe("an address pattern", () => {
  it("is taken apart", () => {
    expect(readAddress("https://*.example.com:8443")).toEqual({ reach: "below", host: "example.com", port: "8443", scheme: "https" });
    expect(readAddress("http://*:*")).toEqual({ reach: "any", host: "", port: undefined, scheme: "http" });
    expect(readAddress("127.0.0.1:10030")).toEqual({ reach: "one", host: "127.0.0.1", port: "10030", scheme: undefined });
    expect(readAddress("https://[::1]:9000")).toEqual({ reach: "one", host: "[::1]", port: "9000", scheme: "https" });
    expect(readAddress("")).toBeUndefined();
  });

  it("has a port that goes without saying", () => {
    const usual = (pattern: string) => {
      const address = readAddress(pattern);
      return address && isUsualPort(address);
    };
    expect([usual("https://a.example"), usual("http://a.example:80"), usual("https://a.example:80"), usual("a.example:443")]).toEqual([true, true, false, false]);
  });
});

it("orders versions by their numbers", () => {
  expect(["0.9.0", "0.10.0", "1.0.0", "0.10.1"].sort(compareVersions)).toEqual(["1.0.0", "0.10.1", "0.10.0", "0.9.0"]);
});
