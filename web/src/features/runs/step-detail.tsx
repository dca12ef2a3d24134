import { RotateCcw, X } from "lucide-react";
import { Link } from "react-router";
import { Button } from "@/components/button.tsx";
import { IconButton } from "@/components/icon-button.tsx";
import { Notice } from "@/components/notice.tsx";
import { Status } from "@/components/status.tsx";
import { tell } from "@/components/toast.tsx";
import { useChange } from "@/graphql/client.ts";
import type { RunStepFragment } from "@/graphql/generated/graphql.ts";
import { formatBytes, formatNumber, formatSpan } from "@/lib/format.ts";
import { pick, useLanguage, useWords } from "@/lib/language.ts";
import { isOver, STEP_STATUS } from "@/lib/run-status.ts";
import { readPorts, type RunView } from "./live-run.ts";
import { RetryRun } from "./operations.ts";
import { words } from "./words.ts";

interface Fact {
  name: string;
  value: string;
  help?: string;
}

/** One step of the run: how it went, its rows, its outputs, and what to do where it failed. */
export function StepDetail({ run, step, onClose }: { run: RunView; step: RunStepFragment; onClose: () => void }) {
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  const number = (value: number) => formatNumber(value, language);
  const retry = useChange(RetryRun, { onSuccess: () => tell(t("retried")), onError: (error) => tell(error.message, { isBad: true }) });
  const outputs = JSON.parse(step.outputs) as Record<string, unknown>;
  const span = step.durationMs;
  const facts: Fact[] = [
    { name: t("attempts"), value: number(step.attempts) },
    { name: t("duration"), value: formatSpan(span) },
    { name: t("rowsIn"), value: number(step.rowsIn) },
    { name: t("rowsOut"), value: number(step.rowsOut) },
    { name: t("rowsRejected"), value: number(step.rowsRejected) },
    { name: t("bytes"), value: formatBytes(step.bytes) },
  ];
  if (span > 0) {
    const share = Math.min(100, Math.round((step.busyMs / span) * 100));
    const rate = Math.round((Math.max(step.rowsIn, step.rowsOut) / span) * 1000);
    facts.push({ name: t("working"), value: `${number(share)} %`, help: t("workingHelp") }, { name: t("rate"), value: number(rate) });
  }
  if (step.peakMemory > 0) {
    facts.push(
      { name: t("processor"), value: formatSpan(step.cpuMs), help: t("processorHelp") },
      { name: t("memory"), value: formatBytes(step.peakMemory), help: t("memoryHelp") },
    );
  }
  return (
    <aside className="step-detail" aria-label={`${t("step")} ${step.id}`}>
      <header className="row">
        <h2 className="grow cut">{step.id}</h2>
        <Status tone={STEP_STATUS[step.status].tone}>{pick(STEP_STATUS[step.status].word, language)}</Status>
        <IconButton icon={X} label={t("close")} onClick={onClose} />
      </header>
      {step.error && <Notice problem={step.error} />}
      <div className="row">
        {isOver(run.status) && (
          <Button icon={RotateCcw} isBusy={retry.isPending} onClick={() => retry.mutate({ id: run.id, from: step.id })}>
            {t("retryFrom")}
          </Button>
        )}
        {run.workflowName && (
          <Link className="button" to={`/workflows/${run.workflowName}?step=${step.id}`}>
            {step.error ? t("mend") : t("openEditor")}
          </Link>
        )}
      </div>
      <dl className="facts">
        {facts.map(({ name, value, help }) => (
          <div key={name} title={help}>
            <dt>{name}</dt>
            <dd className="number">{value}</dd>
          </div>
        ))}
      </dl>
      <Pairs title={t("ports")} pairs={Object.entries(readPorts(step.ports)).map(([name, rows]) => [name, number(rows)])} />
      <Pairs title={t("outputs")} pairs={Object.entries(outputs).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)])} />
    </aside>
  );
}

function Pairs({ title, pairs }: { title: string; pairs: [string, string][] }) {
  if (pairs.length === 0) return null;
  return (
    <section>
      <h3 className="muted">{title}</h3>
      <dl className="facts">
        {pairs.map(([name, value]) => (
          <div key={name}>
            <dt className="mono">{name}</dt>
            <dd className="mono cut" title={value}>
              {value}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
