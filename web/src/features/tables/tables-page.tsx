import { FileDown, History, ListChecks, Play, Ruler, TableProperties } from "lucide-react";
import { useMemo, useState } from "react";
import { useSearchParams } from "react-router";
import { Button } from "@/components/button.tsx";
import { CodeEditor } from "@/components/code-editor.tsx";
import { Dialog } from "@/components/dialog.tsx";
import { Empty, Skeleton } from "@/components/empty.tsx";
import { Field, Switch } from "@/components/field.tsx";
import { IconButton } from "@/components/icon-button.tsx";
import { Notice } from "@/components/notice.tsx";
import { Page } from "@/components/page.tsx";
import { Picker } from "@/components/picker.tsx";
import { tell } from "@/components/toast.tsx";
import { useConnections } from "@/graphql/catalog.ts";
import { request, useChange } from "@/graphql/client.ts";
import type { ApplyTablesMutation, TableLogWord, TableProblemFragment, ValidateTablesMutation } from "@/graphql/generated/graphql.ts";
import { May } from "@/graphql/may.tsx";
import { asProblem, type ProblemView } from "@/graphql/problem.ts";
import { useWords } from "@/lib/language.ts";
import { keep, kept } from "@/lib/storage.ts";
import { agreed, losesData, type Planned } from "./agree.ts";
import { LogDrawer } from "./log-drawer.tsx";
import { ApplyTables, ImportTables, PlanTables, ValidateTables } from "./operations.ts";
import { AppliedPane, PlanPane, ValidationPane } from "./plan-pane.tsx";
import "./tables.css";
import { words } from "./words.ts";

const DRAFT = "tables-document";

type Shown =
  | { kind: "nothing" }
  | { kind: "asking" }
  | { kind: "problem"; problem: ProblemView }
  | { kind: "faults"; problems: readonly TableProblemFragment[] }
  | { kind: "plan"; of: string; tables: readonly Planned[] }
  | { kind: "applied"; applied: ApplyTablesMutation["applyTables"] }
  | { kind: "validation"; validation: ValidateTablesMutation["validateTables"] };

/** A document of tables at the left, what has to be run for it at the right. The text is kept in this browser. */
export function TablesPage() {
  const t = useWords(words);
  const [search, setSearch] = useSearchParams();
  const [text, setText] = useState(() => kept(DRAFT) ?? "");
  const [shown, setShown] = useState<Shown>({ kind: "nothing" });
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [allowDestructive, setDestructive] = useState(false);
  const [asks, setAsks] = useState<"apply" | "import" | null>(null);
  const change = (next: string) => {
    keep(DRAFT, next || null);
    setText(next);
  };
  const fail = (error: Error) => setShown({ kind: "problem", problem: asProblem(error) });
  const plan = async (document = text) => {
    setShown({ kind: "asking" });
    try {
      const { tablesPlan } = await request(PlanTables, { document });
      setLeft(new Set());
      setDestructive(false);
      setShown(tablesPlan.problems.length > 0 ? { kind: "faults", problems: tablesPlan.problems } : { kind: "plan", of: document, tables: tablesPlan.tables });
    } catch (error) {
      fail(error as Error);
    }
  };
  const validate = useChange(ValidateTables, {
    onSuccess: ({ validateTables }) => setShown(validateTables.problems.length > 0 ? { kind: "faults", problems: validateTables.problems } : { kind: "validation", validation: validateTables }),
    onError: fail,
  });
  const apply = useChange(ApplyTables, {
    onSuccess: ({ applyTables }) => setShown(applyTables.problems.length > 0 ? { kind: "faults", problems: applyTables.problems } : { kind: "applied", applied: applyTables }),
    onError: fail,
    onSettled: () => setAsks(null),
  });
  const isFresh = shown.kind === "plan" && shown.of === text;
  const taken = useMemo(() => (shown.kind === "plan" ? agreed(shown.tables, left, allowDestructive) : undefined), [shown, left, allowDestructive]);
  const losing = shown.kind === "plan" ? shown.tables.filter(losesData).length : 0;
  const problems = useMemo(() => (shown.kind === "faults" ? shown.problems : []), [shown]);
  const log = search.get("log") as TableLogWord | null;
  return (
    <Page
      crumbs={[{ label: t("title") }]}
      actions={
        <>
          <IconButton icon={History} label={t("history")} onClick={() => setSearch({ log: "OPERATION" })} />
          <Button icon={FileDown} className="short-narrow" onClick={() => setAsks("import")}>
            {t("import")}
          </Button>
          <May ask="validateTables">
            <Button icon={Ruler} className="short-narrow" title={t("validateHelp")} isBusy={validate.isPending} disabled={text.trim() === ""} onClick={() => validate.mutate({ document: text })}>
              {t("validate")}
            </Button>
          </May>
          <Button tone="main" icon={ListChecks} title={t("planHelp")} isBusy={shown.kind === "asking"} disabled={text.trim() === ""} onClick={() => void plan()}>
            {t("planIt")}
          </Button>
        </>
      }
    >
      <div className="tables-body">
        <section className="tables-text">
          <CodeEditor label={t("document")} text={text} problems={problems} onText={change} onEnter={() => void plan()} />
        </section>
        <section className="tables-result" aria-live="polite">
          {shown.kind === "nothing" && (
            <Empty icon={TableProperties} title={t("begin")}>
              <p>{t("beginText")}</p>
            </Empty>
          )}
          {(shown.kind === "asking" || validate.isPending) && <Skeleton />}
          {shown.kind === "problem" && (
            <div className="tables-pad">
              <Notice problem={shown.problem} />
            </div>
          )}
          {shown.kind === "faults" && (
            <div className="tables-pad stack">
              <h2>{t("faults", { n: shown.problems.length })}</h2>
              {shown.problems.map((problem, place) => (
                // Faults have no identity but their place.
                <Notice key={place} problem={problem} />
              ))}
            </div>
          )}
          {shown.kind === "plan" && (
            <>
              <div className="bar tables-bar">
                {isFresh ? (
                  <>
                    {losing > 0 && <Switch label={t("destructive")} isOn={allowDestructive} onChange={setDestructive} />}
                    {losing > 0 && !allowDestructive && <span className="tables-loss">{t("destructiveCount", { n: losing })}</span>}
                  </>
                ) : (
                  <span className="muted">{t("outdated")}</span>
                )}
                <span className="grow" />
                <May ask="applyTables">
                  <Button tone={allowDestructive ? "danger" : "main"} icon={Play} disabled={!isFresh || !taken || taken.statements === 0} onClick={() => setAsks("apply")}>
                    {t("apply", { n: taken?.statements ?? 0 })}
                  </Button>
                </May>
              </div>
              <PlanPane tables={shown.tables} left={left} onLeft={setLeft} />
            </>
          )}
          {shown.kind === "applied" && <AppliedPane applied={shown.applied} />}
          {shown.kind === "validation" && <ValidationPane validation={shown.validation} />}
        </section>
      </div>
      {asks === "apply" && taken && (
        <Dialog
          title={t("applyTitle", { n: taken.statements })}
          closeLabel={t("close")}
          onClose={() => setAsks(null)}
          foot={
            <>
              <Button onClick={() => setAsks(null)}>{t("cancel")}</Button>
              <Button tone={allowDestructive ? "danger" : "main"} isBusy={apply.isPending} onClick={() => apply.mutate({ document: text, agreed: taken.list, allowDestructive })}>
                {t("applyYes", { n: taken.statements })}
              </Button>
            </>
          }
        >
          <div className="stack">
            <p>{t("applyText")}</p>
            <ul className="mono">
              {taken.list.map((one) => (
                <li key={`${one.connection} ${one.table}`}>
                  {one.connection}:{one.table}
                </li>
              ))}
            </ul>
          </div>
        </Dialog>
      )}
      {asks === "import" && (
        <ImportDialog
          onClose={() => setAsks(null)}
          onDocument={(document) => {
            change(document);
            setShown({ kind: "nothing" });
          }}
        />
      )}
      {log && <LogDrawer log={log} onLog={(next) => setSearch({ log: next }, { replace: true })} onClose={() => setSearch({})} />}
    </Page>
  );
}

function ImportDialog({ onClose, onDocument }: { onClose: () => void; onDocument: (document: string) => void }) {
  const t = useWords(words);
  const connections = useConnections() ?? [];
  const [connection, setConnection] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<Error>();
  const read = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const { tablesImport } = await request(ImportTables, { connection });
      onDocument(tablesImport.document);
      tell(t("imported", { n: tablesImport.tables.length }));
      if (tablesImport.leftOut.length > 0) tell(t("leftOut", { names: tablesImport.leftOut.join(", ") }));
      onClose();
    } catch (fault) {
      setError(fault as Error);
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={t("importTitle")}
      description={t("importText")}
      closeLabel={t("close")}
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button tone="main" isBusy={isBusy} disabled={connection === ""} onClick={() => void read()}>
            {t("importYes")}
          </Button>
        </>
      }
    >
      <div className="stack">
        {error && <Notice problem={asProblem(error)} />}
        <Field label={t("connection")}>
          {(ids) => (
            <Picker
              {...ids}
              label={t("connection")}
              value={connection}
              placeholder={t("chooseConnection")}
              empty={t("noConnection")}
              choices={connections.filter(({ system }) => !["redis", "http"].includes(system)).map(({ name, system }) => ({ key: name, label: name, detail: system }))}
              onChange={setConnection}
            />
          )}
        </Field>
      </div>
    </Dialog>
  );
}
