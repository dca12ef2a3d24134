import { QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Tooltip } from "radix-ui";
import { MemoryRouter } from "react-router";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { queryClient } from "@/graphql/client.ts";
import { useLanguage } from "@/lib/language.ts";
import { ConsolePage } from "./console-page.tsx";
import { blank, useConsole } from "./tabs-store.ts";

interface Asked {
  query: string;
  variables: { input?: Record<string, unknown>; id?: string; sql?: string };
}

type Answer = object | ((asked: Asked) => Promise<object>);

let asked: Asked[] = [];
const sent = (name: string) => asked.filter((one) => one.query.includes(` ${name}(`)).map((one) => one.variables);

const checked = { effect: "READ", tables: ["bars"], refusal: null, estimatedRows: null, estimatedCost: null, plan: null, problem: null };
const BASE: Record<string, Answer> = {
  ConsoleConnections: { data: { connections: { nodes: [
    { name: "history", system: "postgres", allowWrite: false },
    { name: "local", system: "sqlite", allowWrite: true },
    { name: "site", system: "http", allowWrite: false },
  ] } } },
  ConsoleTables: { data: { connection: { name: "history", tables: { nodes: ["bars"] } } } },
  ConsoleColumns: { data: { table: { name: "bars", columns: [{ name: "day", nativeType: "date" }] } } },
  CheckStatement: { data: { checkStatement: checked } },
};

function serve(answers: Record<string, Answer>) {
  asked = [];
  const all = { ...BASE, ...answers };
  vi.stubGlobal("fetch", async (_: string, { body }: { body: string }) => {
    const request = JSON.parse(body) as Asked;
    asked.push(request);
    const answer = all[/(?:query|mutation) (\w+)/.exec(request.query)?.[1] ?? ""] ?? {};
    return new Response(JSON.stringify(typeof answer === "function" ? await answer(request) : answer));
  });
}

function show(sql: string, { connection = "history", at = "/console" } = {}) {
  useConsole.setState({ tabs: [{ ...blank(1, connection), sql }], active: 1, outcomes: {} });
  render(
    <QueryClientProvider client={queryClient}>
      <Tooltip.Provider>
        <MemoryRouter initialEntries={[at]}>
          <ConsolePage />
        </MemoryRouter>
      </Tooltip.Provider>
    </QueryClientProvider>,
  );
}

const answer = (rows: unknown[][], more: object = {}) => ({
  data: { runStatement: {
    id: "statement_1",
    columns: [{ name: "name", nativeType: "text" }, { name: "volume", nativeType: "bigint" }],
    rows: JSON.stringify(rows), truncated: false, affected: null, durationMs: 12, ...more,
  } },
});
const refuse = (code: string, message: string, hint?: string) => ({ errors: [{ message, extensions: { code, hint } }] });
const press = async (name: string | RegExp) => userEvent.click(await screen.findByRole("button", { name }));

beforeEach(() => {
  queryClient.clear();
  useLanguage.setState({ language: "en" });
  // jsdom lays out no text, which the editor measures.
  Range.prototype.getClientRects = () => [] as unknown as DOMRectList;
});

describe("the console", () => {
  it("runs the statement and shows its rows: NULL unlike an empty text, numbers at the right", async () => {
    serve({ RunStatement: answer([["<b>apple</b>", 5105], [null, null], ["", 7]], { truncated: true }) });
    show("SELECT name, volume FROM bars;");
    await press("Run");
    const grid = await screen.findByRole("grid", { name: "Results" });
    expect(sent("RunStatement")[0]?.input).toMatchObject({ connection: "history", sql: "SELECT name, volume FROM bars", limit: 1000 });
    expect(sent("RunStatement")[0]?.input).not.toHaveProperty("write");
    const cells = within(grid).getAllByRole("gridcell");
    expect(cells.map((cell) => cell.textContent)).toEqual(["<b>apple</b>", "5105", "NULL", "NULL", "empty", "7"]);
    expect(cells[1]).toHaveClass("grid-right");
    expect(screen.getByText("first 3; there are more")).toBeVisible();
    expect(screen.getByText("12 ms")).toBeVisible();
  });

  it("walks through the cells by keys, and shows a value whole", async () => {
    serve({ RunStatement: answer([["apple", 1], ["a\nlong text", 2]]) });
    show("SELECT 1");
    await press("Run");
    const grid = await screen.findByRole("grid");
    grid.focus();
    await userEvent.keyboard("{ArrowRight}{ArrowDown}{ArrowLeft}");
    expect(grid).toHaveAttribute("aria-activedescendant", "cell-1-0");
    await userEvent.keyboard("{Enter}");
    expect((await screen.findByRole("dialog", { name: "name" })).querySelector("pre")?.textContent).toBe("a\nlong text");
  });

  it("says what the server thinks of the text, and what is refused with what to do", async () => {
    serve({
      CheckStatement: { data: { checkStatement: { ...checked, effect: "WRITE", refusal: "`DELETE` changes rows" } } },
      RunStatement: refuse("statement_not_allowed", "the statement is not allowed here", "The console only reads."),
    });
    show("DELETE FROM bars");
    expect(await screen.findByText(/Would be refused/)).toHaveTextContent("Changes rows · bars · Would be refused: DELETE changes rows");
    await press("Run");
    expect(await screen.findByRole("alert")).toHaveTextContent("the statement is not allowed hereThe console only reads.statement_not_allowed");
  });

  it("tells where a statement is wrong", async () => {
    const problem = { code: "invalid_sql", message: "expected end of statement", hint: null, line: 1, column: 10 };
    serve({ CheckStatement: { data: { checkStatement: { ...checked, effect: "UNKNOWN", problem } } } });
    show("SELECT * FRM bars");
    expect(await screen.findByText(/line 1, column 10/)).toHaveTextContent("expected end of statement");
  });

  it("cancels the very statement that runs", async () => {
    let end: (answer: object) => void = () => undefined;
    serve({
      RunStatement: () => new Promise((resolve) => (end = resolve)),
      CancelStatement: async () => {
        end(refuse("canceled", "the statement was canceled"));
        return Promise.resolve({ data: { cancelStatement: true } });
      },
    });
    show("SELECT 1");
    await press("Run");
    await press("Cancel");
    expect(await screen.findByText(/Canceled after/)).toBeVisible();
    expect(sent("CancelStatement")[0]?.id).toBe(sent("RunStatement")[0]?.input?.["id"]);
  });

  it("changes nothing without a question, and only where the connection allows it", async () => {
    serve({
      CheckStatement: { data: { checkStatement: { ...checked, effect: "WRITE" } } },
      RunStatement: answer([], { columns: [], affected: 1 }),
    });
    show("DELETE FROM bars", { connection: "local" });
    await userEvent.click(await screen.findByRole("switch", { name: "Allow changes" }));
    await press(/^Run/);
    const dialog = await screen.findByRole("dialog", { name: "Change data through local?" });
    expect(dialog).toHaveTextContent("DELETE FROM bars");
    expect(sent("RunStatement")).toEqual([]);
    await userEvent.click(within(dialog).getByRole("button", { name: "Run it on local" }));
    expect(await screen.findByText("1 row changed")).toBeVisible();
    expect(sent("RunStatement")[0]?.input).toMatchObject({ write: true });
    await userEvent.selectOptions(screen.getByLabelText("Connection"), "history");
    expect(screen.queryByRole("switch")).toBeNull();
    expect(screen.getByText("Read only")).toBeVisible();
  });

  it("opens a table that the address names, once", async () => {
    serve({});
    show("", { at: "/console?connection=history&table=bars" });
    await waitFor(() => expect(useConsole.getState().tabs.map((tab) => tab.sql)).toEqual(["SELECT * FROM bars LIMIT 100"]));
    expect(screen.queryByText(/site/)).toBeNull();
  });

  it("keeps each tab's answer, and opens a statement of the history", async () => {
    const statement = { id: "statement_9", connection: "local", sql: "SELECT 9", who: "admin", startedAt: "2026-01-31T12:00:00Z", outcome: "succeeded", rows: 1, truncated: false, durationMs: 3, errorCode: null };
    serve({ RunStatement: answer([["apple", 1]]), StatementHistory: { data: { statements: { nodes: [statement], pageInfo: { hasNextPage: false, endCursor: null } } } } });
    show("SELECT 1");
    await press("Run");
    await screen.findByRole("grid");
    await press("History");
    await userEvent.click(await screen.findByTitle("Open in a new tab"));
    expect(useConsole.getState().tabs.at(-1)).toMatchObject({ connection: "local", sql: "SELECT 9" });
    expect(screen.queryByRole("grid")).toBeNull();
    await press(/^SELECT 1 ?history$/);
    expect(await screen.findByRole("grid")).toBeVisible();
    await press("Close SELECT 1");
    expect(useConsole.getState().tabs).toHaveLength(1);
  });
});
