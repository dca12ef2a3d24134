import { QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Tooltip } from "radix-ui";
import { MemoryRouter } from "react-router";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { queryClient } from "@/graphql/client.ts";
import { useLanguage } from "@/lib/language.ts";
import { WorkflowsPage } from "./workflows-page.tsx";

const workflow = (name: string) => ({
  id: `workflow_${name}`,
  name,
  enabled: true,
  versionNumber: 3,
  updatedAt: "2026-01-31T12:00:00Z",
  outline: { description: null, tags: [], schedules: [], webhooks: [], nextRunAt: null },
  runs: { nodes: [{ id: "run_1", status: "FAILED", createdAt: "2026-01-31T12:00:00Z", startedAt: null, finishedAt: null }] },
});

function answer(body: unknown, status = 200) {
  vi.stubGlobal("fetch", vi.fn().mockResolvedValue(new Response(JSON.stringify(body), { status })));
}

function show() {
  render(
    <QueryClientProvider client={queryClient}>
      <Tooltip.Provider>
        <MemoryRouter>
          <WorkflowsPage />
        </MemoryRouter>
      </Tooltip.Provider>
    </QueryClientProvider>,
  );
}

describe("the list of workflows", () => {
  beforeEach(() => {
    queryClient.clear();
    useLanguage.setState({ language: "en" });
  });

  it("shows each workflow with the state of its last run, and finds by name", async () => {
    answer({ data: { workflows: { nodes: [workflow("fruit"), workflow("market-day")] } } });
    show();
    expect(await screen.findByRole("link", { name: "fruit" })).toHaveAttribute("href", "/workflows/fruit");
    expect(screen.getAllByText("failed")).toHaveLength(2);
    await userEvent.type(screen.getByRole("searchbox"), "mark");
    expect(screen.queryByRole("link", { name: "fruit" })).toBeNull();
    expect(screen.getByRole("link", { name: "market-day" })).toBeVisible();
  });

  it("says what is wrong and what to do where the server refuses", async () => {
    answer({ errors: [{ message: "the store is busy", extensions: { code: "too_busy", hint: "Wait a moment." } }] });
    show();
    expect(await screen.findByRole("alert")).toHaveTextContent("the store is busyWait a moment.too_busy");
  });
});
