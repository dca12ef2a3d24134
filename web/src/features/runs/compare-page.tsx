/** Two runs of one workflow beside each other: states, rows and spans of each step, inputs, and what differs in the document. */
import { ArrowLeftRight } from "lucide-react";
import { Link, useSearchParams } from "react-router";
import { Button } from "@/components/button.tsx";
import "@/components/data-table.css";
import { Skeleton } from "@/components/empty.tsx";
import { Select } from "@/components/field.tsx";
import { Notice } from "@/components/notice.tsx";
import { Page } from "@/components/page.tsx";
import { Status } from "@/components/status.tsx";
import { TextDiff } from "@/components/text-diff.tsx";
import { useData } from "@/graphql/client.ts";
import { asProblem } from "@/graphql/problem.ts";
import { formatExact, formatNumber, formatSpan } from "@/lib/format.ts";
import { pick, useLanguage, useWords } from "@/lib/language.ts";
import { RUN_STATUS, STEP_STATUS } from "@/lib/run-status.ts";
import { pairInputs, pairSteps, type RunStepView } from "./compare.ts";
import type { RunView } from "./live-run.ts";
import { RunDetail, RunList } from "./operations.ts";
import "./run-page.css";
import { words } from "./words.ts";

export function ComparePage() {
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  const [search, setSearch] = useSearchParams();
  const first = search.get("a") ?? "";
  const { data: a, error } = useData(RunDetail, { id: first }, { retry: false });
  const workflow = a?.run.workflowName ?? null;
  const { data: others } = useData(RunList, { workflow, statuses: null, after: null }, { enabled: workflow !== null });
  const choices = others?.runs.nodes.filter((run) => run.id !== first) ?? [];
  // The run before this one is what most people mean.
  const second = search.get("b") ?? choices.find((run) => run.id < first)?.id ?? choices[0]?.id ?? "";
  const { data: b, error: fault } = useData(RunDetail, { id: second }, { enabled: second !== "", retry: false });
  const problem = error ?? fault;
  return (
    <Page crumbs={[{ label: t("title"), to: "/runs" }, { label: t("compareTitle") }]}>
      {problem && (
        <div className="bar">
          <div className="grow">
            <Notice problem={asProblem(problem)} />
          </div>
        </div>
      )}
      {!a && !error && <Skeleton rows={6} />}
      {a && (
        <div className="bar">
          <Link to={`/runs/${first}`} className="row-name">
            {t("thisRun")}: {formatExact(new Date(a.run.createdAt), language)}
          </Link>
          <span className="muted">{t("compareWith")}</span>
          {others && choices.length === 0 ? (
            <span className="muted">{t("noOther")}</span>
          ) : (
            <Select className="compare-choice" aria-label={t("compareWith")} value={second} onChange={(event) => setSearch({ a: first, b: event.target.value }, { replace: true })}>
              {choices.map((run) => (
                <option key={run.id} value={run.id}>
                  {formatExact(new Date(run.createdAt), language)} · {pick(RUN_STATUS[run.status].word, language)}
                </option>
              ))}
            </Select>
          )}
          {second && (
            <Button icon={ArrowLeftRight} onClick={() => setSearch({ a: second, b: first })}>
              {t("swap")}
            </Button>
          )}
        </div>
      )}
      {a && b && <Compared a={a.run} b={b.run} />}
    </Page>
  );
}

function Compared({ a, b }: { a: RunView; b: RunView }) {
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  const inputs = pairInputs(a, b).filter((input) => input.a !== input.b);
  const number = (step: RunStepView | undefined, of: "rowsIn" | "rowsOut" | "rowsRejected") => (step ? formatNumber(step[of], language) : "");
  return (
    <div className="compare">
      <div role="region" aria-label={t("compareTitle")} tabIndex={0} className="compare-table">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{t("step")}</th>
              <th scope="col">{t("status")}</th>
              {(["rowsIn", "rowsOut", "rowsRejected", "duration"] as const).map((name) => (
                <th key={name} scope="col" className="number">
                  {t(name)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {pairSteps(a, b).map((pair) => (
              <tr key={pair.id} data-step={pair.id} data-different={pair.isDifferent} className={pair.isDifferent ? "compare-different" : ""}>
                <td className="mono">{pair.id}</td>
                <td>
                  {[pair.a, pair.b].map((step, place) => (
                    // Two lines, this run first.
                    <div key={place}>{step ? <Status tone={STEP_STATUS[step.status].tone}>{pick(STEP_STATUS[step.status].word, language)}</Status> : <span className="muted">—</span>}</div>
                  ))}
                </td>
                {(["rowsIn", "rowsOut", "rowsRejected"] as const).map((of) => (
                  <td key={of} className="number">
                    <div className={pair.a && pair.b && pair.a[of] !== pair.b[of] ? "compare-changed" : ""}>{number(pair.a, of)}</div>
                    <div className="muted">{number(pair.b, of)}</div>
                  </td>
                ))}
                <td className="number">
                  <div>{pair.a ? formatSpan(pair.a.durationMs) : ""}</div>
                  <div className="muted">{pair.b ? formatSpan(pair.b.durationMs) : ""}</div>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {inputs.length > 0 && (
        <section>
          <h2>{t("inputs")}</h2>
          <ul className="compare-inputs mono">
            {inputs.map((input) => (
              <li key={input.name}>
                {input.name}: {input.a || "—"} <span className="muted">/ {input.b || "—"}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
      <section>
        <h2>{t("document")}</h2>
        {a.version?.text === b.version?.text ? <p className="muted">{t("sameText")}</p> : <TextDiff before={b.version?.text ?? ""} after={a.version?.text ?? ""} label={t("document")} />}
      </section>
    </div>
  );
}
