import { ArrowRightLeft, Ban, GitCompareArrows, Pencil, Play, RotateCw } from "lucide-react";
import { useCallback } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { Button } from "@/components/button.tsx";
import "@/components/data-table.css";
import { Empty, Skeleton } from "@/components/empty.tsx";
import { LogLines } from "@/components/log-lines.tsx";
import { Notice } from "@/components/notice.tsx";
import { Page } from "@/components/page.tsx";
import { Progress } from "@/components/progress.tsx";
import { Status } from "@/components/status.tsx";
import { Moment } from "@/components/time.tsx";
import { tell } from "@/components/toast.tsx";
import { keyOf, queryClient, useChange, useData } from "@/graphql/client.ts";
import type { TransferDetailQuery } from "@/graphql/generated/graphql.ts";
import { May } from "@/graphql/may.tsx";
import { asProblem } from "@/graphql/problem.ts";
import { useRunEvents } from "@/graphql/run-events.ts";
import { useRunLog } from "@/graphql/run-log.ts";
import { formatNumber, formatShort, formatSpan } from "@/lib/format.ts";
import { pick, useLanguage, useWords } from "@/lib/language.ts";
import { RUN_STATUS, spanOf } from "@/lib/run-status.ts";
import { CancelTransfer, ResumeTransfer, StartTransfer, TransferDetail, ValidateTransfer } from "./operations.ts";
import { endsOf, readTables, shareOf } from "./spelling.ts";
import { isGoing, TONE } from "./state.ts";
import "./transfers.css";
import { words } from "./words.ts";

type Progressing = NonNullable<TransferDetailQuery["migration"]["progress"]>;

/** One transfer: how far it is, its log while it runs, what became of each table, and what can be done. */
export function TransferPage() {
  const t = useWords(words);
  const navigate = useNavigate();
  const name = useParams()["name"] ?? "";
  const { data, error } = useData(TransferDetail, { name }, { retry: false, refetchInterval: ({ state }) => (isBusy(state.data) ? 1000 : false) });
  const progress = data?.migration.progress ?? undefined;
  const going = isGoing(progress?.state);
  const readAgain = useCallback(() => void queryClient.invalidateQueries({ queryKey: keyOf(TransferDetail, { name }) }), [name]);
  const followed = useRunEvents(progress?.runId ?? "", going, readAgain);
  const lines = useRunLog(progress?.runId ?? "", progress?.state ?? "", followed.lines);
  const onError = (fault: Error) => tell(fault.message, { isBad: true });
  const start = useChange(StartTransfer, { onError });
  const cancel = useChange(CancelTransfer, { onError, onSuccess: () => tell(t("canceling")) });
  const resume = useChange(ResumeTransfer, { onError });
  const validate = useChange(ValidateTransfer, {
    onError,
    onSuccess: ({ validateMigration }) => tell(t("validating"), { action: { label: t("openRun"), perform: () => void navigate(`/runs/${validateMigration.id}`) } }),
  });
  const crumbs = [{ label: t("title"), to: "/transfers" }, { label: name }];
  if (!data) {
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
  const ends = endsOf(data.migration.settings);
  const state = progress?.state;
  const canResume = state === "FAILED" || state === "CANCELLED";
  const failure = state === "FAILED" ? data.workflow.runs.nodes.find((run) => run.id === progress?.runId)?.error : undefined;
  const tables = readTables(progress?.tables);
  return (
    <Page
      crumbs={crumbs}
      beside={
        state && (
          <span data-transfer-state={state}>
            <Status tone={TONE[state]}>{t(state)}</Status>
          </span>
        )
      }
      actions={
        <>
          {going && (
            <May ask="cancelMigration">
              <Button tone="danger" icon={Ban} isBusy={cancel.isPending} onClick={() => cancel.mutate({ name })}>
                {t("cancelRun")}
              </Button>
            </May>
          )}
          {canResume && (
            <May ask="resumeMigration">
              <Button tone="main" icon={RotateCw} title={t("resumeHelp")} isBusy={resume.isPending} onClick={() => resume.mutate({ name })}>
                {t("resume")}
              </Button>
            </May>
          )}
          {state === "COMPLETED" && (
            <May ask="validateMigration">
              <Button icon={GitCompareArrows} className="short-narrow" isBusy={validate.isPending} onClick={() => validate.mutate({ name })}>
                {t("validate")}
              </Button>
            </May>
          )}
          {!going && (
            <May ask="createMigration">
              <Button icon={Pencil} className="transfer-wide" onClick={() => void navigate(`/transfers/new?change=${name}`)}>
                {t("change")}
              </Button>
            </May>
          )}
          {!going && (
            <May ask="startMigration">
              <Button {...(state ? {} : { tone: "main" as const })} icon={Play} className="short-narrow" isBusy={start.isPending} onClick={() => start.mutate({ name })}>
                {t(state ? "startAgain" : "startNow")}
              </Button>
            </May>
          )}
        </>
      }
    >
      <div className="bar transfer-facts">
        <span className="mono cut">{ends.from}</span>
        <span aria-hidden>→</span>
        <span className="mono cut">{ends.to}</span>
        <span className="grow" />
        <Link to={`/workflows/${name}`} className="row-name muted">
          {t("workflow")}
        </Link>
      </div>
      {failure && (
        <div className="bar">
          <div className="grow">
            <Notice problem={failure} />
          </div>
        </div>
      )}
      {!progress && (
        <Empty icon={ArrowRightLeft} title={t("notStarted")}>
          <p>{t("notStartedText")}</p>
        </Empty>
      )}
      {progress && <Running progress={progress} rows={going ? followed.rowsOut : 0} />}
      {tables.length > 0 && <Results tables={tables} />}
      {progress && (
        <div className="transfer-below">
          <section className="transfer-log">
            <h2>{t("log")}</h2>
            <LogLines label={t("log")} lines={lines} empty={t("noLog")} latest={t("latest")} />
          </section>
          <History runs={data.workflow.runs.nodes} />
        </div>
      )}
    </Page>
  );
}

function isBusy(data: TransferDetailQuery | undefined): boolean {
  return isGoing(data?.migration.progress?.state) || (data?.workflow.runs.nodes.some((run) => run.status === "RUNNING" || run.status === "QUEUED") ?? false);
}

function Running({ progress, rows }: { progress: Progressing; rows: number }) {
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  const going = isGoing(progress.state);
  const share = shareOf(progress, rows);
  // The server counts chunk by chunk; what its events tell is newer.
  const done = Math.max(rows, progress.rows);
  const rate = going && progress.seconds > 0 ? done / progress.seconds : progress.rowsPerSecond;
  const left = going && rate > 0 && typeof progress.rowsExpected === "number" && progress.state === "RUNNING" ? Math.max(0, progress.rowsExpected - done) / rate : undefined;
  return (
    <div className="transfer-running" role="status">
      {going && <Progress label={t("progress")} share={progress.state === "VALIDATING" ? undefined : share} />}
      <div className="transfer-numbers">
        <span className="transfer-number">{t("rowsDone", { n: done })}</span>
        {typeof progress.rowsExpected === "number" && going && <span>{t("ofRows", { n: formatShort(progress.rowsExpected, language) })}</span>}
        {rate > 0 && <span>{t("rate", { n: formatShort(Math.round(rate), language) })}</span>}
        <span>{formatSpan(progress.seconds * 1000)}</span>
        {left !== undefined && <span>{t("timeLeft", { span: formatSpan(left * 1000) })}</span>}
        {typeof progress.chunks === "number" && <span>{t("chunks", { done: progress.chunksDone ?? 0, all: progress.chunks })}</span>}
        {progress.rejected > 0 && <Status tone="warned">{`${t("rejected")}: ${formatNumber(progress.rejected, language)}`}</Status>}
      </div>
    </div>
  );
}

function Results({ tables }: { tables: ReturnType<typeof readTables> }) {
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  return (
    <div className="transfer-results" role="region" aria-label={t("perTable")} tabIndex={0}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{t("from")}</th>
            <th scope="col">{t("to")}</th>
            <th scope="col" className="number">
              {t("rows")}
            </th>
            <th scope="col" className="number">
              {t("rejected")}
            </th>
            <th scope="col">{t("verdict")}</th>
          </tr>
        </thead>
        <tbody>
          {tables.map((table) => (
            <tr key={table.source} style={{ height: 32 }}>
              <td className="mono">{table.source}</td>
              <td className="mono">{table.target}</td>
              <td className="number">{formatNumber(table.rows, language)}</td>
              <td className="number">{formatNumber(table.rejected, language)}</td>
              <td>
                {table.verdict === "" && <span className="muted">{t("notProven")}</span>}
                {table.verdict === "equal" && <Status tone="good">{t("equal")}</Status>}
                {table.verdict !== "" && table.verdict !== "equal" && <Status tone="bad">{t("differs", { n: table.differences })}</Status>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function History({ runs }: { runs: TransferDetailQuery["workflow"]["runs"]["nodes"] }) {
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  return (
    <section className="transfer-history">
      <h2>{t("history")}</h2>
      <ul>
        {runs.map((run) => {
          const task = (JSON.parse(run.inputs) as Record<string, unknown>)["task"];
          const span = spanOf(run, new Date());
          return (
            <li key={run.id}>
              <Status tone={RUN_STATUS[run.status].tone}>{pick(RUN_STATUS[run.status].word, language)}</Status>
              <Link to={`/runs/${run.id}`} className="row-name">
                {t(task === "look" ? "taskLook" : task === "validate" ? "taskValidate" : "taskMove")}
              </Link>
              <span className="grow" />
              {span !== undefined && <span className="muted">{formatSpan(span)}</span>}
              <Moment at={run.createdAt} />
            </li>
          );
        })}
      </ul>
    </section>
  );
}
