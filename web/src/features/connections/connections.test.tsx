import { QueryClientProvider } from "@tanstack/react-query";
import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Tooltip } from "radix-ui";
import { MemoryRouter, Route, Routes } from "react-router";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { Toasts } from "@/components/toast.tsx";
import { queryClient } from "@/graphql/client.ts";
import { useLanguage } from "@/lib/language.ts";
import { ConnectionsPage } from "./connections-page.tsx";
import { SchemaPage } from "./schema-page.tsx";

const connection = (name: string, more: object = {}) => ({
  name,
  system: "postgres",
  settings: JSON.stringify({ host: "db.example.com", port: 5432, pool_size: 4 }),
  hasSecret: true,
  isSaved: true,
  variable: null,
  allowWrite: false,
  description: null,
  labels: [],
  updatedAt: "2026-01-31T12:00:00Z",
  lastTest: null,
  workflows: { nodes: [] },
  ...more,
});

interface Asked {
  query: string;
  variables: Record<string, unknown>;
}

const refusal = { code: "invalid_value", message: "`Shop!` is not a name", hint: "Use lowercase letters." };
let asked: Asked[] = [];

/** Answers each operation by its name; an `Error` refuses. */
function serve(answers: Record<string, unknown>) {
  asked = [];
  vi.stubGlobal("fetch", (_: string, { body }: { body: string }) => {
    const request = JSON.parse(body) as Asked;
    asked.push(request);
    const name = /(?:query|mutation) (\w+)/.exec(request.query)?.[1] ?? "";
    const data = answers[name];
    const answer = data === refusal ? { errors: [{ message: refusal.message, extensions: refusal }] } : { data };
    return Promise.resolve(new Response(JSON.stringify(answer)));
  });
}

const sent = (name: string) => asked.find((one) => one.query.includes(`mutation ${name}(`))?.variables;

function show(at = "/connections") {
  render(
    <QueryClientProvider client={queryClient}>
      <Tooltip.Provider>
        <MemoryRouter initialEntries={[at]}>
          <Routes>
            <Route path="connections" element={<ConnectionsPage />} />
            <Route path="connections/:name" element={<SchemaPage />} />
          </Routes>
        </MemoryRouter>
        <Toasts />
      </Tooltip.Provider>
    </QueryClientProvider>,
  );
}

beforeEach(() => {
  queryClient.clear();
  useLanguage.setState({ language: "en" });
});

describe("the list of connections", () => {
  it("tells where each leads and how its last test went", async () => {
    const lastTest = { ok: false, message: "connection refused", code: "connection_failed", hint: "Check `port`.", durationMs: 3, at: "2026-01-31T12:00:00Z" };
    serve({ ConnectionList: { connections: { nodes: [connection("history", { lastTest }), connection("shop", { labels: ["till"] })] } } });
    show();
    expect(await screen.findByRole("link", { name: "history" })).toHaveAttribute("href", "/connections/history");
    expect(screen.getAllByText("db.example.com:5432")).toHaveLength(2);
    expect(screen.getByLabelText("fails: connection refused")).toBeVisible();
    expect(screen.getByText("not tested")).toBeVisible();
    await userEvent.type(screen.getByRole("searchbox"), "till");
    expect(screen.queryByRole("link", { name: "history" })).toBeNull();
    expect(screen.getByRole("link", { name: "shop" })).toBeVisible();
  });

  it("tells a test's answer in one line", async () => {
    serve({
      ConnectionList: { connections: { nodes: [connection("history")] } },
      TestConnection: { testConnection: { ok: true, message: "PostgreSQL 15.18", code: null, hint: null, durationMs: 26, at: "2026-01-31T12:00:00Z" } },
    });
    show();
    await userEvent.click(await screen.findByRole("button", { name: "Test history" }));
    expect(await screen.findByText(/PostgreSQL 15\.18 \(26 ms\)/)).toBeInTheDocument();
  });

  it("names what it deletes, and the workflows that would miss it", async () => {
    serve({
      ConnectionList: { connections: { nodes: [connection("history")] } },
      ConnectionUse: { connection: { name: "history", workflows: { nodes: ["nightly"] } } },
      DeleteConnection: { deleteConnection: true },
    });
    show();
    await userEvent.click(await screen.findByRole("button", { name: "More about history" }));
    await userEvent.click(await screen.findByRole("menuitem", { name: "Delete…" }));
    const dialog = await screen.findByRole("dialog", { name: "Delete history?" });
    expect(await within(dialog).findByText("nightly")).toBeVisible();
    expect(sent("DeleteConnection")).toBeUndefined();
    await userEvent.click(within(dialog).getByRole("button", { name: "Delete history anyway" }));
    expect(sent("DeleteConnection")).toEqual({ name: "history", force: true });
  });
});

describe("the form of a connection", () => {
  it("creates one by its fields, with the secret apart from the settings", async () => {
    serve({ ConnectionList: { connections: { nodes: [] } }, CreateConnection: { createConnection: { name: "shop" } } });
    show("/connections?new=1");
    await userEvent.type(await screen.findByLabelText(/^Name/), "shop");
    await userEvent.type(screen.getByLabelText("Host"), "db");
    await userEvent.type(screen.getByLabelText("Port"), "5433");
    await userEvent.type(screen.getByLabelText("Password"), "tea & milk");
    await userEvent.click(screen.getByRole("button", { name: "Create shop" }));
    expect(sent("CreateConnection")).toEqual({
      name: "shop",
      input: { system: "postgres", settings: '{"host":"db","port":5433}', secret: "tea & milk", labels: [], allowWrite: false },
    });
  });

  it("stays open with what is wrong and what to do about it", async () => {
    serve({ ConnectionList: { connections: { nodes: [] } }, CreateConnection: refusal });
    show("/connections?new=1");
    await userEvent.type(await screen.findByLabelText(/^Name/), "Shop!");
    await userEvent.click(screen.getByRole("button", { name: "Create Shop!" }));
    expect(await screen.findByRole("alert")).toHaveTextContent("Shop! is not a nameUse lowercase letters.");
    expect(screen.getByLabelText(/^Name/)).toHaveValue("Shop!");
  });

  it("sends no address and no secret where neither was changed", async () => {
    serve({ ConnectionList: { connections: { nodes: [connection("history")] } }, UpdateConnection: { updateConnection: { name: "history" } } });
    show("/connections?change=history");
    const password = await screen.findByLabelText("Password");
    expect(password).toHaveValue("");
    expect(password).toHaveAttribute("type", "password");
    await userEvent.type(screen.getByLabelText("What it is for"), "daily bars");
    await userEvent.click(screen.getByRole("button", { name: "Save changes" }));
    expect(sent("UpdateConnection")).toEqual({ name: "history", input: { labels: [], allowWrite: false, description: "daily bars" } });
  });

  it("keeps further settings when a field changes", async () => {
    serve({ ConnectionList: { connections: { nodes: [connection("history")] } }, UpdateConnection: { updateConnection: { name: "history" } } });
    show("/connections?change=history");
    await userEvent.type(await screen.findByLabelText("Database"), "bars");
    await userEvent.click(screen.getByRole("button", { name: "Save changes" }));
    const { settings } = sent("UpdateConnection")?.["input"] as { settings: string };
    expect(JSON.parse(settings)).toEqual({ host: "db.example.com", port: 5432, pool_size: 4, database: "bars" });
  });
});

describe("the schema of a connection", () => {
  const table = {
    name: "bars",
    columns: [
      { name: "code", nativeType: "character varying(12)", nullable: false, default: null, comment: null, isTag: false },
      { name: "<b>close</b>", nativeType: "numeric(18,4)", nullable: true, default: "0.0", comment: null, isTag: false },
    ],
    key: ["code"],
    rowEstimate: 5105,
    indexes: [{ name: "bars_by_day", columns: ["day"], unique: true }],
    foreignKeys: [],
    comment: null,
  };

  it("lists tables, and shows the columns, keys and size of the chosen one", async () => {
    serve({
      OneConnection: { connection: connection("history") },
      ConnectionTables: { connection: { name: "history", tables: { nodes: ["bars", "calendar"], pageInfo: { hasNextPage: false, endCursor: "calendar" } } } },
      TableShape: { table },
    });
    show("/connections/history");
    await userEvent.click(await screen.findByRole("button", { name: "bars" }));
    expect(await screen.findByText("About 5,105 rows")).toBeVisible();
    const row = screen.getByRole("row", { name: /^code/ });
    expect(row).toHaveTextContent("code keycharacter varying(12)no");
    // A hostile name is text.
    expect(screen.getByText("<b>close</b>")).toBeVisible();
    expect(screen.getByText("bars_by_day")).toBeVisible();
  });

  it("says why there are no tables where the system does not answer", async () => {
    serve({ OneConnection: { connection: connection("history") }, ConnectionTables: refusal });
    show("/connections/history");
    expect(await screen.findByRole("alert")).toHaveTextContent("Use lowercase letters.");
    expect(screen.getByRole("button", { name: "Try again" })).toBeVisible();
  });
});
