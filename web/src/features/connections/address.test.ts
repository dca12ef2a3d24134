import { describe, expect, it } from "vitest";
import { addressOf, findSystem, fromForm, readSettings, toForm, type System } from "./address.ts";

const postgres = findSystem("postgres") as System;

describe("the address of a connection", () => {
  it.each([
    ["postgres", { host: "db", port: 5432, database: "history" }, "db:5432/history"],
    ["postgres", {}, "localhost"],
    ["redis", { host: "cache", database: 0 }, "cache/0"],
    ["sqlite", { path: "/data/shop.db" }, "/data/shop.db"],
    ["http", { url: "https://api.example.com" }, "https://api.example.com"],
    ["unheard-of", {}, ""],
  ])("of %s %j is %s", (system, settings, expected) => expect(addressOf(system, settings)).toBe(expected));

  it("is nothing where the settings are no object", () => {
    expect(readSettings("[1]")).toEqual({});
    expect(readSettings("{")).toEqual({});
  });
});

describe("the form of settings", () => {
  it("gives back what it was given, further settings too", () => {
    const settings = { host: "db", port: 5433, sslmode: "verify-full", pool_size: 4 };
    expect(fromForm(postgres, toForm(postgres, settings))).toEqual(settings);
  });

  it("leaves empty fields to their defaults and a port that is no number to the server", () => {
    expect(fromForm(postgres, { values: { host: " ", port: "many" }, further: "" })).toEqual({ port: "many" });
  });

  it("is refused where the further settings are no object", () => {
    expect(fromForm(postgres, { values: {}, further: "[]" })).toBeUndefined();
    expect(fromForm(postgres, { values: {}, further: "{" })).toBeUndefined();
  });
});
