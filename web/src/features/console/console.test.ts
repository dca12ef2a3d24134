import { CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { sql } from "@codemirror/lang-sql";
import { EditorState } from "@codemirror/state";
import { describe, expect, it } from "vitest";
import { isNumeric, measure, readRows, spellValue } from "@/lib/cells.ts";
import { completeColumns } from "./complete.ts";
import { toCsv, toJson } from "./export.ts";
import { newId } from "./run.ts";
import { chosenStatement, dialectOf, firstRows, inText, offsetOf, tablesIn } from "./statement.ts";
import { blank, read } from "./tabs-store.ts";

const columns = [
  { name: "name", nativeType: "text" },
  { name: "change", nativeType: "numeric(18,4)" },
];

describe("cells", () => {
  it.each([
    ["numeric(18,4)", true],
    ["bigint unsigned", true],
    ["INT", true],
    ["int4", true],
    ["double precision", true],
    ["interval", false],
    ["integer[]", false],
    ["text", false],
    ["point", false],
  ])("of type %s are numbers: %s", (type, expected) => expect(isNumeric(type)).toBe(expected));

  it("tell NULL, an empty text and values apart", () => {
    expect([null, "", "NULL", 0, false, [1]].map(spellValue)).toEqual([null, "", "NULL", "0", "false", "[1]"]);
  });

  it("are at least as wide as their names, and never too wide", () => {
    expect(measure(columns, [["x".repeat(5000), "1"]])).toEqual([380, 109]);
  });

  it("come from JSON text", () => expect(readRows("[[1,null],[2,\"a\"]]")).toEqual([[1, null], [2, "a"]]));
});

describe("an answer as CSV", () => {
  it("runs no formula in a spreadsheet, and leaves negative numbers alone", () => {
    const csv = toCsv(columns, [["=cmd|'/C calc'!A0", "-1.5"], ["@sum", "2"], ["+1", null], ["-1", 3], ["\ttab", 4]]);
    expect(csv).toBe(
      ['name,change', `"'=cmd|'/C calc'!A0",-1.5`, `"'@sum",2`, `"'+1",`, `"'-1",3`, `"'\ttab",4`, ""].join("\r\n"),
    );
  });

  it("tells NULL from an empty text, and quotes commas, quotes and line ends", () => {
    expect(toCsv(columns, [[null, null], ["", 1], ['a,"b"\nc', 2]])).toBe('name,change\r\n,\r\n"",1\r\n"a,""b""\nc",2\r\n');
  });

  it("guards a column's name, too", () => expect(toCsv([{ name: "=1+1", nativeType: "int" }], [])).toBe(`"'=1+1"\r\n`));
});

describe("an answer as JSON", () => {
  it("keeps columns of the same name, NULL and exact decimals", () => {
    const twice = [...columns, { name: "name", nativeType: "text" }];
    expect(JSON.parse(toJson(twice, [["a", "12345678901234567890.5", null]]))).toEqual([{ name: "a", change: "12345678901234567890.5", name_2: null }]);
    expect(JSON.parse(toJson(columns, []))).toEqual([]);
  });
});

describe("the statement that is meant", () => {
  const state = (doc: string, anchor: number, head = anchor) =>
    EditorState.create({ doc, selection: { anchor, head }, extensions: [sql({ dialect: dialectOf("postgres") ?? undefined })] });
  const doc = "SELECT ';' AS a;\n\n  SELECT 2\nFROM t;";

  it.each([
    ["at the first", 3, "SELECT ';' AS a", 0],
    ["at the second", doc.indexOf("FROM"), "SELECT 2\nFROM t", 20],
    ["between them", 17, "SELECT ';' AS a", 0],
    ["at the end", doc.length, "SELECT 2\nFROM t", 20],
  ])("with the cursor %s", (_, at, expected, from) => expect(chosenStatement(state(doc, at), true)).toEqual({ sql: expected, from }));

  it("is what is selected", () => expect(chosenStatement(state(doc, 20, 28), true).sql).toBe("SELECT 2"));
  it("is the line where the system takes commands", () => expect(chosenStatement(state("GET a\nGET b", 8), false)).toEqual({ sql: "GET b", from: 6 }));
  it("is nothing in an empty text", () => expect(chosenStatement(state("  \n", 0), true).sql).toBe(""));

  it("has its faults where they are in the whole text", () => {
    const chosen = { sql: "SELECT 2\nFRM t", from: 20 };
    expect(offsetOf(chosen, 2, 1)).toBe(29);
    expect(offsetOf(chosen, 9, 99)).toBe(34);
    expect(inText(doc, 20, { line: 1, column: 8 })).toEqual({ line: 3, column: 10 });
    expect(inText(doc, 20, { line: 2, column: 1 })).toEqual({ line: 4, column: 1 });
    expect(inText(doc, 20, { line: null, column: null })).toEqual({ line: null, column: null });
  });
});

describe("names in the text", () => {
  it("say whose columns are needed", () => {
    expect(tablesIn('select * from Market.calendar c, "daily_bars"', ["market.calendar", "daily_bars", "bars"])).toEqual(["market.calendar", "daily_bars"]);
  });

  it("are quoted in the system's own way where they must be", () => {
    expect(firstRows("postgres", 'market.odd "name"')).toBe('SELECT * FROM market."odd ""name""" LIMIT 100');
    expect(firstRows("mysql", "Order")).toBe("SELECT * FROM `Order` LIMIT 100");
  });
});

describe("completion", () => {
  const complete = (doc: string) => {
    const source = completeColumns({ bars: ["day", "volume"], calendar: ["day"], empty: [] });
    return source(new CompletionContext(EditorState.create({ doc }), doc.length, false)) as CompletionResult | null;
  };

  it("offers columns with the tables they are in", () => {
    expect(complete("SELECT vo")).toMatchObject({ from: 7 });
    expect(complete("SELECT vo")?.options.map(({ label, detail }) => [label, detail])).toEqual([["day", "bars, calendar"], ["volume", "bars"]]);
  });

  it("leaves what follows a dot, and an empty place, alone", () => {
    expect(complete("SELECT b.vo")).toBeNull();
    expect(complete("SELECT ")).toBeNull();
  });
});

describe("what is kept between visits", () => {
  it("is forgotten where it cannot be understood", () => {
    expect(read("{")).toEqual({ tabs: [blank(1)], active: 1 });
    expect(read('{"tabs":[{"id":"1"}, null],"active":7}')).toEqual({ tabs: [blank(1)], active: 1 });
  });

  it("comes back", () => {
    const tabs = [blank(3, "history"), { ...blank(4, "shop"), sql: "SELECT 1" }];
    expect(read(JSON.stringify({ tabs, active: 4 }))).toEqual({ tabs, active: 4 });
  });
});

it("gives each statement an id as the server's own", () => {
  expect(newId()).toMatch(/^statement_[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
  expect(newId()).not.toBe(newId());
});
