import { createColumnHelper } from "@tanstack/react-table";
import { LayoutTemplate, Plus, Upload, Workflow } from "lucide-react";
import { useMemo, useRef, useState } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { Button } from "@/components/button.tsx";
import { DataTable } from "@/components/data-table.tsx";
import { Dialog } from "@/components/dialog.tsx";
import { Empty, Skeleton } from "@/components/empty.tsx";
import { Switch, TextInput } from "@/components/field.tsx";
import { Notice } from "@/components/notice.tsx";
import { Page } from "@/components/page.tsx";
import { Status } from "@/components/status.tsx";
import { Moment } from "@/components/time.tsx";
import { tell } from "@/components/toast.tsx";
import { request, useChange, useData } from "@/graphql/client.ts";
import type { ImportWorkflowMutation, WorkflowRowFragment } from "@/graphql/generated/graphql.ts";
import { May } from "@/graphql/may.tsx";
import { asProblem } from "@/graphql/problem.ts";
import { useMay } from "@/graphql/session.ts";
import { pick, useLanguage, useWords, type Translate } from "@/lib/language.ts";
import { isOver, RUN_STATUS } from "@/lib/run-status.ts";
import { LastRuns } from "./last-runs.tsx";
import { EnableWorkflow, ImportWorkflow, WorkflowList } from "./operations.ts";
import { RowActions } from "./row-actions.tsx";
import { words } from "./words.ts";

const column = createColumnHelper<WorkflowRowFragment>();

/** All workflows: how their last runs went, whether their triggers fire, and what can be done with each. */
export function WorkflowsPage() {
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  const navigate = useNavigate();
  const [search, setSearch] = useSearchParams();
  const wanted = search.get("find") ?? "";
  const { data, error } = useData(WorkflowList, {}, {
    refetchInterval: ({ state }) => (state.data?.workflows.nodes.some((one) => one.runs.nodes.some((run) => !isOver(run.status))) ? 2000 : 15_000),
  });
  const rows = useMemo(() => {
    const needle = wanted.trim().toLowerCase();
    return (data?.workflows.nodes ?? []).filter(({ name, outline }) =>
      [name, outline.description, ...outline.tags].some((text) => text?.toLowerCase().includes(needle)),
    );
  }, [data, wanted]);
  const columns = useMemo(() => makeColumns(t, language), [t, language]);
  return (
    <Page
      crumbs={[{ label: t("title") }]}
      actions={
        <>
          <Button icon={LayoutTemplate} className="short-narrow" onClick={() => void navigate("/templates")}>
            {t("templates")}
          </Button>
          <May ask="saveWorkflow">
            <ImportButton />
          </May>
          <May ask="saveWorkflow">
            <Button tone="main" icon={Plus} onClick={() => void navigate("/workflows/new")}>
              {t("new")}
            </Button>
          </May>
        </>
      }
    >
      <div className="bar">
        <TextInput
          type="search"
          className="find"
          aria-label={t("search")}
          placeholder={t("search")}
          value={wanted}
          onChange={(event) => setSearch(event.target.value ? { find: event.target.value } : {}, { replace: true })}
        />
        <span className="muted">{data && t("count", { n: rows.length })}</span>
      </div>
      {error && !data && (
        <div className="bar">
          <div className="grow">
            <Notice problem={asProblem(error)} />
          </div>
        </div>
      )}
      {!data && !error && <Skeleton />}
      {data && rows.length === 0 && (
        <Empty icon={Workflow} title={wanted ? t("noMatch") : t("none")}>
          {!wanted && <p>{t("noneText")}</p>}
          {!wanted && <Button onClick={() => void navigate("/templates")}>{t("templates")}</Button>}
        </Empty>
      )}
      {rows.length > 0 && (
        <DataTable
          label={t("title")}
          rows={rows}
          columns={columns}
          rowKey={(row) => row.id}
          onOpen={(row) => void navigate(`/workflows/${row.name}`)}
          rowHeight={40}
        />
      )}
    </Page>
  );
}

function makeColumns(t: Translate<typeof words>, language: "en" | "zh") {
  return [
    column.accessor("name", {
      header: t("name"),
      cell: ({ row, getValue }) => (
        <span className="row">
          <Link to={`/workflows/${getValue()}`} className="row-name" title={row.original.outline.description ?? undefined}>
            {getValue()}
          </Link>
          {row.original.outline.tags.map((tag) => (
            <span key={tag} className="tag wide">
              {tag}
            </span>
          ))}
        </span>
      ),
    }),
    column.accessor((row) => row.runs.nodes[0]?.status ?? "", {
      id: "state",
      header: t("state"),
      cell: ({ row }) => {
        const run = row.original.runs.nodes[0];
        if (!run) return <span className="muted">{t("never")}</span>;
        const { tone, word } = RUN_STATUS[run.status];
        return (
          <Link to={`/runs/${run.id}`}>
            <Status tone={tone}>{pick(word, language)}</Status>
          </Link>
        );
      },
    }),
    column.display({
      id: "spark",
      header: t("lastRuns"),
      meta: { isWide: true },
      cell: ({ row }) => <LastRuns runs={row.original.runs.nodes} label={t("lastRuns")} />,
    }),
    column.accessor((row) => row.runs.nodes[0]?.createdAt ?? "", {
      id: "lastRun",
      header: t("lastRun"),
      meta: { isWide: true },
      cell: ({ row }) => {
        const run = row.original.runs.nodes[0];
        return run ? <Moment at={run.createdAt} /> : <span className="muted">{t("never")}</span>;
      },
    }),
    column.accessor((row) => row.outline.nextRunAt ?? "9999", {
      id: "nextRun",
      header: t("nextRun"),
      meta: { isWide: true },
      cell: ({ row }) => <NextRun workflow={row.original} />,
    }),
    column.accessor("versionNumber", {
      header: t("version"),
      meta: { isNumber: true, isWide: true, width: 70 },
    }),
    column.accessor("updatedAt", {
      header: t("changed"),
      meta: { isWide: true },
      cell: ({ getValue }) => <Moment at={getValue()} />,
    }),
    column.display({
      id: "actions",
      header: () => <span className="only-read">{t("open")}</span>,
      meta: { width: 140 },
      cell: ({ row }) => (
        <div className="row row-end">
          <Enable workflow={row.original} />
          <RowActions workflow={row.original} />
        </div>
      ),
    }),
  ];
}

/** When it starts next by itself, or what else starts it. */
function NextRun({ workflow: { outline, enabled } }: { workflow: WorkflowRowFragment }) {
  const t = useWords(words);
  if (outline.nextRunAt) return <Moment at={outline.nextRunAt} />;
  const hasTriggers = outline.schedules.length + outline.webhooks.length > 0;
  if (hasTriggers && !enabled) return <span className="muted">{t("off")}</span>;
  return <span className="muted">{outline.webhooks.length > 0 ? t("webhook") : t("byHand")}</span>;
}

function Enable({ workflow }: { workflow: WorkflowRowFragment }) {
  const t = useWords(words);
  const { mutate, isPending } = useChange(EnableWorkflow, { onError: (error) => tell(error.message, { isBad: true }) });
  const may = useMay("setWorkflowEnabled");
  return (
    <Switch
      isBare
      label={t("enabled", { name: workflow.name })}
      isOn={workflow.enabled}
      disabled={isPending || !may}
      onChange={(enabled) => mutate({ id: workflow.id, enabled })}
    />
  );
}

type Faults = ImportWorkflowMutation["saveWorkflow"]["problems"];

function ImportButton() {
  const t = useWords(words);
  const navigate = useNavigate();
  const input = useRef<HTMLInputElement>(null);
  const [refused, setRefused] = useState<{ file: string; faults: Faults } | null>(null);
  const take = async (file: File) => {
    try {
      const { saveWorkflow } = await request(ImportWorkflow, { text: await file.text() });
      if (!saveWorkflow.workflow) return setRefused({ file: file.name, faults: saveWorkflow.problems });
      const { name, versionNumber } = saveWorkflow.workflow;
      tell(t("imported", { name, number: versionNumber }));
      await navigate(`/workflows/${name}`);
    } catch (error) {
      tell(asProblem(error).message, { isBad: true });
    }
    return undefined;
  };
  return (
    <>
      <Button icon={Upload} className="short-narrow" onClick={() => input.current?.click()}>
        {t("import")}
      </Button>
      <input
        ref={input}
        type="file"
        hidden
        accept=".yaml,.yml,.json"
        aria-label={t("importing")}
        onChange={(event) => {
          const file = event.target.files?.[0];
          if (file) void take(file);
          event.target.value = "";
        }}
      />
      {refused && (
        <Dialog
          title={t("faults")}
          description={t("refused", { file: refused.file, n: refused.faults.length })}
          closeLabel={t("close")}
          onClose={() => setRefused(null)}
        >
          <div className="stack">
            {refused.faults.map((fault, place) => (
              <Notice key={place} problem={fault} />
            ))}
          </div>
        </Dialog>
      )}
    </>
  );
}
