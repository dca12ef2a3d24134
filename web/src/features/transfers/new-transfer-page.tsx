import { ArrowRight, Play, Save } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { Button } from "@/components/button.tsx";
import { Dialog } from "@/components/dialog.tsx";
import { Empty, Skeleton } from "@/components/empty.tsx";
import { Field, TextInput } from "@/components/field.tsx";
import { Notice, Ticked } from "@/components/notice.tsx";
import { Page } from "@/components/page.tsx";
import { Picker } from "@/components/picker.tsx";
import { useConnections, useTable } from "@/graphql/catalog.ts";
import { useChange, useData } from "@/graphql/client.ts";
import { asProblem } from "@/graphql/problem.ts";
import { useWords } from "@/lib/language.ts";
import { keep, kept } from "@/lib/storage.ts";
import { Mapping } from "./mapping.tsx";
import { CreateTransfer, StartTransfer, TransferDetail, TransferLook } from "./operations.ts";
import { Options } from "./options.tsx";
import { EMPTY_PLAN, isReady, mapRows, readPlan, suggestName, toInput, type TransferPlan } from "./plan.ts";
import { Preview } from "./preview.tsx";
import { TableList } from "./table-list.tsx";
import "./transfers.css";
import { words } from "./words.ts";

const DRAFT = "transfer-draft";

/** Makes a transfer, or changes one (`?change=`). What was chosen is kept until it is saved. */
export function NewTransferPage() {
  const t = useWords(words);
  const [search] = useSearchParams();
  const changing = search.get("change");
  const { data, error } = useData(TransferDetail, { name: changing ?? "" }, { enabled: changing !== null, retry: false });
  const given = data && changing ? readPlan(changing, data.migration.settings) : undefined;
  const crumbs = [{ label: t("title"), to: "/transfers" }, { label: changing ? t("changeTitle", { name: changing }) : t("new") }];
  if (changing && !given) {
    return (
      <Page crumbs={crumbs}>
        {error && (
          <div className="bar">
            <div className="grow">
              <Notice problem={asProblem(error)} />
            </div>
          </div>
        )}
        {data && (
          <Empty icon={Save} title={t("asYaml")}>
            <Link className="button" to={`/workflows/${changing}`}>
              {t("openEditor")}
            </Link>
          </Empty>
        )}
        {!data && !error && <Skeleton />}
      </Page>
    );
  }
  return (
    <Page crumbs={crumbs}>
      <TransferForm key={changing ?? ""} first={given ?? readDraft()} isChange={changing !== null} />
    </Page>
  );
}

function readDraft(): TransferPlan {
  try {
    const draft = JSON.parse(kept(DRAFT) ?? "null") as Partial<TransferPlan> | null;
    return draft ? { ...EMPTY_PLAN, ...draft } : EMPTY_PLAN;
  } catch {
    return EMPTY_PLAN;
  }
}

function TransferForm({ first, isChange }: { first: TransferPlan; isChange: boolean }) {
  const t = useWords(words);
  const navigate = useNavigate();
  const [plan, setPlan] = useState(first);
  const [full, setFull] = useState("");
  const [asks, setAsks] = useState(false);
  const change = (next: TransferPlan) => {
    if (!isChange) keep(DRAFT, JSON.stringify(next));
    setPlan(next);
  };
  const connections = useConnections() ?? [];
  const choices = connections.filter((one) => one.system !== "http").map(({ name, system }) => ({ key: name, label: name, detail: system }));
  const one = plan.tables.length === 1 ? (plan.tables[0] ?? "") : "";
  const source = useTable(plan.from, one);
  // A pattern such as `old_*` names the table by the source's.
  const targetName = one ? (plan.target.trim() || one).replace("*", one) : "";
  const target = useTable(plan.to, targetName);
  const isKnown = one !== "" && source.shape !== undefined && !target.isLoading;
  const sourceColumns = useMemo(() => source.shape?.columns ?? [], [source.shape]);
  const rows = useMemo(() => (isKnown ? mapRows(plan, sourceColumns, target.shape?.columns) : undefined), [isKnown, plan, sourceColumns, target.shape]);
  const input = useMemo(() => toInput(plan, rows, sourceColumns), [plan, rows, sourceColumns]);
  const canLook = isReady(plan) && (one === "" || isKnown);
  const asked = useSettled(JSON.stringify(input), 500);
  const isFull = full === asked;
  const look = useData(
    TransferLook,
    { input: JSON.parse(asked) as typeof input, full: isFull },
    { enabled: canLook && asked === JSON.stringify(input), retry: false, staleTime: 60_000, refetchOnWindowFocus: false, placeholderData: (old) => old },
  );
  const looked = canLook ? look.data?.migrationLook : undefined;
  const name = plan.name.trim() || (isReady(plan) ? suggestName(plan) : "");
  const start = useChange(StartTransfer, { onSettled: () => void navigate(`/transfers/${name}`) });
  const create = useChange(CreateTransfer);
  const save = (starts: boolean) =>
    create.mutate(
      { name, input, replace: isChange },
      {
        onSuccess: () => {
          keep(DRAFT, null);
          if (starts) start.mutate({ name });
          else void navigate(`/transfers/${name}`);
        },
      },
    );
  const isBusy = create.isPending || start.isPending;
  const estimate = looked?.tables[0]?.rowEstimate;
  const what = one ? (typeof estimate === "number" ? t("willRows", { table: one, n: estimate }) : one) : t("willTables", { n: plan.tables.length });
  const loss = looked?.tables.some((table) => table.error ?? table.hazards.some((hazard) => hazard.isLoss));
  return (
    <form
      className="transfer-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (plan.mode === "TRUNCATE") setAsks(true);
        else save(true);
      }}
    >
      <div className="transfer-form-body">
        <div className="transfer-ends">
          <Field label={t("from")}>
            {(ids) => (
              <Picker {...ids} label={t("from")} value={plan.from} placeholder={t("chooseConnection")} empty={t("noConnection")} choices={choices} onChange={(from) => change({ ...plan, from, tables: from === plan.from ? plan.tables : [], rules: {} })} />
            )}
          </Field>
          <ArrowRight size={16} aria-hidden className="transfer-arrow" />
          <Field label={t("to")}>
            {(ids) => <Picker {...ids} label={t("to")} value={plan.to} placeholder={t("chooseConnection")} empty={t("noConnection")} choices={choices} onChange={(to) => change({ ...plan, to, rules: {} })} />}
          </Field>
        </div>
        {plan.from && (
          <div className="transfer-ends">
            <TableList connection={plan.from} chosen={plan.tables} onChange={(tables) => change({ ...plan, tables, rules: {} })} />
            <span className="transfer-arrow" />
            <div className="stack">
              <Field label={t("target")} help={<Ticked text={t(plan.tables.length > 1 ? "targetManyHelp" : "targetHelp")} />}>
                {(ids) => <TextInput {...ids} className="mono" placeholder={one || "*"} value={plan.target} onChange={(event) => change({ ...plan, target: event.target.value })} />}
              </Field>
              <Field label={t("filter")} help={t("filterHelp")}>
                {(ids) => <TextInput {...ids} className="mono" value={plan.filter} onChange={(event) => change({ ...plan, filter: event.target.value })} />}
              </Field>
              {!isChange && (
                <Field label={t("name")} help={<Ticked text={t("nameHelp")} />}>
                  {(ids) => <TextInput {...ids} className="mono" placeholder={name} value={plan.name} onChange={(event) => change({ ...plan, name: event.target.value })} />}
                </Field>
              )}
            </div>
          </div>
        )}
        {source.error && one && <Notice problem={asProblem(source.error)} />}
        {rows && plan.to && (
          <section className="transfer-section">
            <div className="row">
              <h2>{t("columns")}</h2>
              <span className="tag">{t(target.shape ? "isThere" : "isMade")}</span>
              <span className="muted">{t("columnsHelp")}</span>
            </div>
            <Mapping plan={plan} rows={rows} source={sourceColumns} exists={target.shape !== undefined} looked={looked?.tables[0]} onChange={change} />
          </section>
        )}
        {plan.tables.length > 1 && <p className="muted">{t("many", { n: plan.tables.length })}</p>}
        {isReady(plan) && <Options plan={plan} onChange={change} />}
        {canLook && <Preview look={looked} error={look.error} isLooking={look.isFetching} isFull={isFull} onFull={() => setFull(asked)} />}
        {(create.error ?? start.error) && <Notice problem={asProblem(create.error ?? start.error)} />}
      </div>
      <footer className="transfer-foot">
        <span className={loss ? "transfer-loss" : "muted"}>{isReady(plan) ? `${t("will", { what, from: plan.from, to: plan.to })}${loss ? ` ${t("loss")}` : ""}` : t("needBoth")}</span>
        <span className="grow" />
        <Button icon={Save} isBusy={isBusy} disabled={!canLook} onClick={() => save(false)}>
          {t("save")}
        </Button>
        <Button tone="main" type="submit" icon={Play} isBusy={isBusy} disabled={!canLook}>
          {t("start")}
        </Button>
      </footer>
      {asks && (
        <Dialog
          title={t("truncateTitle", { table: targetName || plan.tables.join(", ") })}
          closeLabel={t("close")}
          onClose={() => setAsks(false)}
          foot={
            <>
              <Button onClick={() => setAsks(false)}>{t("cancel")}</Button>
              <Button
                tone="danger"
                onClick={() => {
                  setAsks(false);
                  save(true);
                }}
              >
                {t("truncateYes")}
              </Button>
            </>
          }
        >
          <p>{t("truncateText", { table: targetName || plan.tables.join(", "), to: plan.to })}</p>
        </Dialog>
      )}
    </form>
  );
}

/** The text as it was when nobody had changed it for a while. */
function useSettled(text: string, wait: number): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), wait);
    return () => clearTimeout(timer);
  }, [text, wait]);
  return settled;
}
