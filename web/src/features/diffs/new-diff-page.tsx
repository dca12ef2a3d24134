import { ArrowLeftRight, GitCompareArrows } from "lucide-react";
import { useMemo, useState } from "react";
import { useNavigate, useSearchParams } from "react-router";
import { Button } from "@/components/button.tsx";
import { Skeleton } from "@/components/empty.tsx";
import { Field, Select, TextInput } from "@/components/field.tsx";
import { Notice } from "@/components/notice.tsx";
import { Page } from "@/components/page.tsx";
import { useTable } from "@/graphql/catalog.ts";
import { useChange, useData } from "@/graphql/client.ts";
import { asProblem } from "@/graphql/problem.ts";
import { useWords } from "@/lib/language.ts";
import { keep, kept } from "@/lib/storage.ts";
import "./diffs.css";
import { DiffDetail, StartDiff } from "./operations.ts";
import { PairTable } from "./pair-table.tsx";
import { EMPTY_PLAN, isReady, pairUp, readNames, readPlan, toInput, type DiffPlan, type SidePlan } from "./plan.ts";
import { SideForm } from "./side-form.tsx";
import { words } from "./words.ts";

const DRAFT = "diff-draft";

/** Chooses what is compared. What was chosen is kept until it is compared; `?from=` takes what a run compared. */
export function NewDiffPage() {
  const t = useWords(words);
  const [search] = useSearchParams();
  const from = search.get("from");
  const { data, error } = useData(DiffDetail, { run: from ?? "" }, { enabled: from !== null, retry: false });
  const given = data?.diff.run.version ? readPlan(data.diff.run.version.text) : undefined;
  const side: SidePlan = { connection: search.get("connection") ?? "", by: "table", table: search.get("table") ?? "", query: "", filter: "" };
  const crumbs = [{ label: t("title"), to: "/diffs" }, { label: t("new") }];
  if (from && !data && !error) {
    return (
      <Page crumbs={crumbs}>
        <Skeleton />
      </Page>
    );
  }
  return (
    <Page crumbs={crumbs}>
      <PlanForm key={from ?? ""} first={given ?? (side.connection ? { ...EMPTY_PLAN, left: side } : readDraft())} />
    </Page>
  );
}

function readDraft(): DiffPlan {
  try {
    const draft = JSON.parse(kept(DRAFT) ?? "null") as Partial<DiffPlan> | null;
    return draft ? { ...EMPTY_PLAN, ...draft } : EMPTY_PLAN;
  } catch {
    return EMPTY_PLAN;
  }
}

function PlanForm({ first }: { first: DiffPlan }) {
  const t = useWords(words);
  const navigate = useNavigate();
  const [plan, setPlan] = useState(first);
  const change = (next: DiffPlan) => {
    keep(DRAFT, JSON.stringify(next));
    setPlan(next);
  };
  const bothTables = plan.left.by === "table" && plan.right.by === "table";
  const left = useTable(plan.left.connection, bothTables ? plan.left.table : "");
  const right = useTable(plan.right.connection, bothTables ? plan.right.table : "");
  const pairs = useMemo(
    () => (bothTables && left.shape && right.shape ? pairUp(plan, left.shape, right.shape) : undefined),
    [plan, bothTables, left.shape, right.shape],
  );
  const { mutate, isPending, error } = useChange(StartDiff, {
    onSuccess: ({ startDiff }) => {
      keep(DRAFT, null);
      void navigate(`/diffs/${startDiff.run.id}`);
    },
  });
  // Another table has other columns.
  const changeSide = (which: "left" | "right", side: SidePlan) => {
    const isOther = side.table !== plan[which].table || side.connection !== plan[which].connection;
    change({ ...plan, [which]: side, ...(isOther ? { key: null, pairs: {}, tolerance: {} } : {}) });
  };
  const compared = pairs?.filter((pair) => pair.right);
  const key = compared?.filter((pair) => pair.isKey).map((pair) => pair.left.name) ?? plan.key ?? [];
  const isLoading = bothTables && isReady(plan) && (left.isLoading || right.isLoading);
  return (
    <form
      className="diff-form"
      onSubmit={(event) => {
        event.preventDefault();
        mutate({ input: toInput(plan, pairs) });
      }}
    >
      <div className="diff-form-body">
        <div className="diff-sides">
          <SideForm title={t("left")} help={t("leftHelp")} side={plan.left} onChange={(side) => changeSide("left", side)} />
          <Button
            icon={ArrowLeftRight}
            className="diff-swap"
            onClick={() => change({ ...plan, left: plan.right, right: plan.left, key: null, pairs: {}, tolerance: {} })}
          >
            {t("swap")}
          </Button>
          <SideForm title={t("right")} help={t("rightHelp")} side={plan.right} onChange={(side) => changeSide("right", side)} />
        </div>
        {isLoading && <Skeleton rows={4} />}
        {[left.error, right.error].map((fault, place) => fault && <Notice key={place} problem={asProblem(fault)} />)}
        {pairs && right.shape && (
          <section className="diff-section">
            <h2>{t("columns")}</h2>
            <p className="field-help">{t("columnsHelp")}</p>
            <PairTable plan={plan} pairs={pairs} rightColumns={right.shape.columns} onChange={change} />
          </section>
        )}
        {!bothTables && (
          <section className="diff-section diff-options">
            <Field label={t("key")} help={t("keyHelp")}>
              {(ids) => (
                <TextInput {...ids} className="mono" value={plan.key?.join(", ") ?? ""} onChange={(event) => change({ ...plan, key: readDraftNames(event.target.value) })} />
              )}
            </Field>
            <Field label={t("onlyColumns")} help={t("onlyColumnsHelp")}>
              {(ids) => <TextInput {...ids} className="mono" value={plan.columns} onChange={(event) => change({ ...plan, columns: event.target.value })} />}
            </Field>
          </section>
        )}
        <details className="diff-section">
          <summary>{t("options")}</summary>
          <div className="diff-options">
            <Field label={t("strategy")}>
              {(ids) => (
                <Select {...ids} value={plan.strategy} onChange={(event) => change({ ...plan, strategy: event.target.value })}>
                  <option value="auto">{t("strategyAuto")}</option>
                  <option value="merge">{t("strategyMerge")}</option>
                  <option value="checksum">{t("strategyChecksum")}</option>
                </Select>
              )}
            </Field>
            <Field label={t("limit")}>
              {(ids) => (
                <TextInput {...ids} inputMode="numeric" placeholder={t("noLimit")} value={plan.maxDifferences} onChange={(event) => change({ ...plan, maxDifferences: event.target.value })} />
              )}
            </Field>
            <Field label={t("sampleRows")}>
              {(ids) => (
                <TextInput {...ids} inputMode="numeric" placeholder={t("allRows")} value={plan.sampleRows} onChange={(event) => change({ ...plan, sampleRows: event.target.value })} />
              )}
            </Field>
          </div>
        </details>
        {error && <Notice problem={asProblem(error)} />}
      </div>
      <footer className="diff-foot">
        <span className="muted">
          {!isReady(plan) ? t("needBoth") : compared ? t("willCompare", { n: compared.length, key: key.length > 0 ? key.join(", ") : t("wholeRows") }) : ""}
        </span>
        <span className="grow" />
        <Button tone="main" type="submit" icon={GitCompareArrows} isBusy={isPending} disabled={!isReady(plan) || isLoading}>
          {t("start")}
        </Button>
      </footer>
    </form>
  );
}

/** Names as they are typed: what follows the last comma may still be empty. */
function readDraftNames(text: string): string[] | null {
  if (text === "") return null;
  const names = readNames(text);
  return /[,，]\s*$/.test(text) ? [...names, ""] : names;
}
