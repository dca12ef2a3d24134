/** One run: its graph with the rows on the wires, its timeline, its log, and the step that was chosen. */
import { Ban, Copy, GitCompareArrows, Pencil, Play, RotateCcw } from "lucide-react";
import { useCallback, useMemo, useRef, useState, type ComponentType } from "react";
import { Link, useNavigate, useParams, useSearchParams } from "react-router";
import { Button } from "@/components/button.tsx";
import { Empty, Skeleton } from "@/components/empty.tsx";
import { IconButton } from "@/components/icon-button.tsx";
import { Notice } from "@/components/notice.tsx";
import { Page } from "@/components/page.tsx";
import { Status } from "@/components/status.tsx";
import { Tabs } from "@/components/tabs.tsx";
import { Moment, useNow } from "@/components/time.tsx";
import { tell } from "@/components/toast.tsx";
import { useChange } from "@/graphql/client.ts";
import { May } from "@/graphql/may.tsx";
import { asProblem } from "@/graphql/problem.ts";
import { formatSpan } from "@/lib/format.ts";
import { pick, useLanguage, useWords } from "@/lib/language.ts";
import { isOver, RUN_STATUS, spanOf } from "@/lib/run-status.ts";
import { ArtifactPane } from "./artifact-pane.tsx";
import type { GraphProps } from "./graph-props.ts";
import { statesOf, useLiveRun, type RunView } from "./live-run.ts";
import { LogPane } from "./log-pane.tsx";
import { CancelRun, RetryRun } from "./operations.ts";
import { useRunLines } from "./run-lines.ts";
import "./run-page.css";
import { triggerWord } from "./runs-page.tsx";
import { StepDetail } from "./step-detail.tsx";
import { Timeline } from "./timeline.tsx";
import { words } from "./words.ts";

/** The page, with the component that draws graphs. */
export function makeRunPage(Graph: ComponentType<GraphProps>) {
  return function RunPage() {
    const { id } = useParams();
    return <Run key={id} id={id ?? ""} Graph={Graph} />;
  };
}

function Run({ id, Graph }: { id: string; Graph: ComponentType<GraphProps> }) {
  const t = useWords(words);
  const [search, setSearch] = useSearchParams();
  const hint = useRef<() => void>(undefined);
  const { run, error } = useLiveRun(id, useCallback(() => hint.current?.(), []));
  const tab = search.get("tab") ?? "graph";
  const [isLogWanted, setLogWanted] = useState(false);
  if (tab === "logs" && !isLogWanted) setLogWanted(true);
  const { log, hear } = useRunLines(id, run !== undefined && isOver(run.status), isLogWanted);
  hint.current = hear;
  const chosen = search.get("step");
  const set = useCallback(
    (name: string, value: string | null) =>
      setSearch((before) => {
        const next = new URLSearchParams(before);
        if (value === null) next.delete(name);
        else next.set(name, value);
        return next;
      }, { replace: true }),
    [setSearch],
  );
  // The same function while the run goes on: what is drawn with it keeps its focus.
  const choose = useCallback((step: string | null) => set("step", step), [set]);
  const states = useMemo(() => (run ? statesOf(run) : new Map()), [run]);
  const crumbs = [{ label: t("title"), to: "/runs" }, { label: run?.workflowName ?? t("run") }];
  if (!run) {
    return (
      <Page crumbs={crumbs}>
        {error ? (
          <div className="bar">
            <div className="grow">
              <Notice problem={asProblem(error)} />
            </div>
          </div>
        ) : (
          <Skeleton rows={8} />
        )}
      </Page>
    );
  }
  const step = run.steps.find((one) => one.id === chosen);
  const first = run.steps.find((one) => one.status === "FAILED" && one.error);
  return (
    <Page crumbs={crumbs} beside={<State run={run} />} actions={<Actions run={run} />}>
      <Facts run={run} />
      {run.status === "FAILED" && (first?.error ?? run.error) && (
        <div className="run-error">
          <Notice
            problem={first?.error ?? run.error ?? { code: "", message: "" }}
            place={first?.id}
            action={
              run.workflowName && (
                <Link className="button" to={`/workflows/${run.workflowName}${first ? `?step=${first.id}` : ""}`}>
                  {t("mend")}
                </Link>
              )
            }
          />
        </div>
      )}
      <div className="run-body">
        <Tabs
          label={t("run")}
          value={tab}
          onChange={(next) => set("tab", next === "graph" ? null : next)}
          tabs={[
            {
              value: "graph",
              label: t("graph"),
              content: run.version ? (
                <Graph text={run.version.text} states={states} chosen={chosen} onChoose={choose} />
              ) : (
                <Empty icon={Ban} title={t("noGraph")} />
              ),
            },
            { value: "timeline", label: t("timeline"), content: <Timeline run={run} chosen={chosen} onChoose={choose} /> },
            { value: "logs", label: t("logs"), content: <LogPane run={run} log={log} /> },
            { value: "artifacts", label: t("artifacts"), content: <ArtifactPane run={run} onChoose={choose} /> },
          ]}
        />
        {step && <StepDetail run={run} step={step} onClose={() => choose(null)} />}
      </div>
    </Page>
  );
}

function State({ run }: { run: RunView }) {
  const language = useLanguage((state) => state.language);
  const { tone, word } = RUN_STATUS[run.status];
  return (
    <span data-run-status={run.status}>
      <Status tone={tone}>{pick(word, language)}</Status>
    </span>
  );
}

function Actions({ run }: { run: RunView }) {
  const t = useWords(words);
  const navigate = useNavigate();
  const onError = (error: Error) => tell(error.message, { isBad: true });
  const cancel = useChange(CancelRun, { onSuccess: () => tell(t("canceled")), onError });
  const retry = useChange(RetryRun, { onSuccess: () => tell(t("retried")), onError });
  return (
    <>
      {run.workflowName && (
        <IconButton icon={Pencil} label={t("openEditor")} onClick={() => void navigate(`/workflows/${run.workflowName ?? ""}`)} />
      )}
      {run.workflowName && (
        <IconButton icon={GitCompareArrows} label={t("compare")} onClick={() => void navigate(`/runs/compare?a=${run.id}`)} />
      )}
      {run.workflowName && isOver(run.status) && (
        <May ask="startRun">
          <Button icon={Play} className="short-narrow" title={t("runAgainHelp")} onClick={() => void navigate(`/workflows/${run.workflowName ?? ""}?run`, { state: { inputs: JSON.parse(run.inputs) as unknown } })}>
            {t("runAgain")}
          </Button>
        </May>
      )}
      {!isOver(run.status) && (
        <May ask="cancelRun">
          <Button tone="danger" icon={Ban} isBusy={cancel.isPending} onClick={() => cancel.mutate({ id: run.id })}>
            {t("cancel")}
          </Button>
        </May>
      )}
      {(run.status === "FAILED" || run.status === "CANCELED") && (
        <May ask="retryRun">
          <Button icon={RotateCcw} className="short-narrow" title={t("retryHelp")} isBusy={retry.isPending} onClick={() => retry.mutate({ id: run.id })}>
            {t("retry")}
          </Button>
        </May>
      )}
    </>
  );
}

function Facts({ run }: { run: RunView }) {
  const t = useWords(words);
  const now = useNow(1000, !isOver(run.status));
  const span = spanOf(run, now);
  const inputs = Object.entries(JSON.parse(run.inputs) as Record<string, unknown>);
  return (
    <div className="bar run-facts">
      <Moment at={run.createdAt} />
      <span>{triggerWord(run.trigger, t)}</span>
      {span !== undefined && <span>{formatSpan(span)}</span>}
      {run.version && <span>{t("version", { number: run.version.number })}</span>}
      {inputs.map(([name, value]) => (
        <span key={name} className="run-input mono cut" title={t("inputs")}>
          {name}={typeof value === "string" ? value : JSON.stringify(value)}
        </span>
      ))}
      <span className="grow" />
      <code className="cut">{run.id}</code>
      <IconButton icon={Copy} label={t("copyId")} onClick={() => void navigator.clipboard.writeText(run.id)} />
    </div>
  );
}
