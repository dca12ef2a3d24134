/** The selected step: its settings, where it stands in the order, and how it went lately. */
import { X } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { Link } from "react-router";
import { Button } from "@/components/button.tsx";
import { Field, Select, TextInput } from "@/components/field.tsx";
import { IconButton } from "@/components/icon-button.tsx";
import { Notice, Ticked } from "@/components/notice.tsx";
import { Status } from "@/components/status.tsx";
import { Tabs } from "@/components/tabs.tsx";
import { Moment } from "@/components/time.tsx";
import { useData } from "@/graphql/client.ts";
import { formatNumber } from "@/lib/format.ts";
import { pick, useLanguage, useWords } from "@/lib/language.ts";
import { STEP_STATUS } from "@/lib/run-status.ts";
import { fieldsOf, spellWords, type FieldView } from "@/lib/schema-fields.ts";
import { renameStep, setFrom, setNeeds, setSetting, setStepKey } from "../document/edit.ts";
import { readPort, spellPort, type StepView } from "../document/read.ts";
import { useEditor } from "../document/store.ts";
import type { Kind } from "../graph/graph.ts";
import { iconOf } from "../nodes/icons.ts";
import { ColumnNames, ConnectionNames, StepRuns, TableNames } from "../operations.ts";
import { words } from "../words.ts";
import { isShownAtOnce } from "./fields.ts";
import { SettingField } from "./setting-field.tsx";
import "./step-panel.css";

interface Props {
  step: StepView;
  kind: Kind | undefined;
}

export function StepPanel({ step, kind }: Props) {
  const t = useWords(words);
  const { select, problems, saved } = useEditor();
  const Icon = iconOf(step.uses);
  const own = problems.filter((problem) => problem.path === `steps.${step.key}` || problem.path?.startsWith(`steps.${step.key}.`));
  return (
    <section className="step-panel" id="step-form" aria-label={`${t("step")} ${step.key}`}>
      <header className="step-panel-head">
        <Icon size={16} aria-hidden />
        <div className="grow">
          <h2 className="cut">{step.name ?? step.key}</h2>
          <p className="muted cut" title={kind?.summary}>
            {step.uses}
          </p>
        </div>
        <IconButton icon={X} label={t("close")} shortcut="Escape" onClick={() => select([])} />
      </header>
      <Tabs
        label={t("step")}
        tabs={[
          { value: "settings", label: t("settings"), content: <Settings key={step.key} step={step} kind={kind} problems={own} /> },
          { value: "flow", label: t("flow"), content: <Flow key={step.key} step={step} /> },
          { value: "runs", label: t("runs"), content: saved ? <LastRuns workflow={saved.name} step={step.key} /> : <p className="step-panel-none">{t("noRuns")}</p> },
        ]}
      />
    </section>
  );
}

function Settings({ step, kind, problems }: Props & { problems: { path?: string | null; code: string; message: string; hint?: string | null }[] }) {
  const t = useWords(words);
  const [isAll, setAll] = useState(false);
  const { text, edit } = useEditor();
  const fields = useMemo(() => (kind ? fieldsOf(kind.schema) : []), [kind]);
  const suggest = useSuggestions(step);
  if (!kind) {
    return (
      <p className="step-panel-none">
        <Ticked text={t("unknownKind", { kind: step.uses })} />
      </p>
    );
  }
  const shown = fields.filter((field) => isAll || isShownAtOnce(field, step.settings));
  const problemOf = (name: string) => problems.find((problem) => problem.path?.startsWith(`steps.${step.key}.with.${name}`));
  // What belongs to no field that is shown.
  const others = problems.filter((problem) => !shown.some((field) => problem.path?.startsWith(`steps.${step.key}.with.${field.name}`)));
  return (
    <div className="step-panel-fields">
      <p className="muted">
        <Ticked text={kind.summary} />
      </p>
      {others.map((problem, at) => (
        <Notice key={at} problem={problem} />
      ))}
      {shown.map((field) => (
        <SettingField
          key={field.name}
          field={field}
          value={step.settings[field.name]}
          problem={spellProblem(problemOf(field.name))}
          suggestions={suggest(field)}
          onChange={(value) => edit(setSetting(text, step.key, [field.name], value))}
        />
      ))}
      {fields.length > shown.length && (
        <Button tone="ghost" onClick={() => setAll(true)}>
          {t("more", { n: fields.length - shown.length })}
        </Button>
      )}
      {isAll && (
        <Button tone="ghost" onClick={() => setAll(false)}>
          {t("fewer")}
        </Button>
      )}
    </div>
  );
}

function spellProblem(problem: { message: string; hint?: string | null } | undefined): string | undefined {
  return problem && [problem.message, problem.hint].filter(Boolean).join(". ");
}

/** Names the server knows: connections, the tables of the chosen one, the columns of the chosen table. */
function useSuggestions(step: StepView): (field: FieldView) => readonly string[] {
  const plain = (value: unknown) => (typeof value === "string" && !value.includes("${{") ? value : "");
  const connection = plain(step.settings["connection"]);
  const table = plain(step.settings["table"]);
  const { data: connections } = useData(ConnectionNames, {}, { staleTime: 30_000 });
  const isKnown = connections?.connections.nodes.some((one) => one.name === connection) ?? false;
  const { data: tables } = useData(TableNames, { connection }, { enabled: isKnown, staleTime: 30_000, retry: false });
  const hasTable = tables?.connection.tables.nodes.includes(table) ?? false;
  const { data: columns } = useData(ColumnNames, { connection, table }, { enabled: hasTable, staleTime: 30_000, retry: false });
  return (field) => {
    if (field.name === "connection") return connections?.connections.nodes.map((one) => one.name) ?? [];
    if (field.name === "table") return tables?.connection.tables.nodes ?? [];
    if (["key", "columns", "order_by", "drop"].includes(field.name)) return columns?.table.columns.map((one) => one.name) ?? [];
    if (field.name === "channels") return ["log"];
    return [];
  };
}

function Flow({ step }: { step: StepView }) {
  const t = useWords(words);
  const { text, edit, select, renamed } = useEditor();
  const list = (value: string) => value.split(",").map((word) => word.trim()).filter(Boolean);
  return (
    <div className="step-panel-fields">
      <Line
        id="step-id"
        label={t("id")}
        help={<Ticked text={t("idHelp")} />}
        value={step.key.startsWith("#") ? "" : step.key}
        onWrite={(id) => {
          if (!/^[a-z][a-z0-9_]{0,63}$/.test(id)) return;
          edit(step.key.startsWith("#") ? setStepKey(text, step.key, "id", id) : renameStep(text, step.key, id));
          renamed(step.key, id);
          select([id]);
        }}
      />
      <Line label={t("title")} value={step.name ?? ""} onWrite={(name) => edit(setStepKey(text, step.key, "name", name || undefined))} />
      <Line
        label={t("from")}
        help={t("fromHelp")}
        value={spellWords(step.from.map(spellPort))}
        onWrite={(value) => edit(setFrom(text, step.key, list(value).map(readPort)))}
      />
      <Line label={t("needs")} help={t("needsHelp")} value={spellWords(step.needs)} onWrite={(value) => edit(setNeeds(text, step.key, list(value)))} />
      <Line
        label={t("condition")}
        help={t("conditionHelp")}
        value={step.condition ?? ""}
        onWrite={(value) => edit(setStepKey(text, step.key, "if", value || undefined))}
      />
      <Field label={t("onError")}>
        {(ids) => (
          <Select {...ids} value={step.onError ?? ""} onChange={(event) => edit(setStepKey(text, step.key, "on_error", event.target.value || undefined))}>
            <option value="">{t("standard", { value: "fail" })}</option>
            <option>continue</option>
            <option>reject</option>
          </Select>
        )}
      </Field>
    </div>
  );
}

interface LineProps {
  id?: string;
  label: string;
  help?: React.ReactNode;
  value: string;
  onWrite: (value: string) => void;
}

function Line({ id, label, help, value, onWrite }: LineProps) {
  const [draft, setDraft] = useState(value);
  useEffect(() => setDraft(value), [value]);
  const commit = () => {
    if (draft.trim() !== value) onWrite(draft.trim());
  };
  return (
    <Field label={label} help={help}>
      {(ids) => (
        <TextInput
          {...ids}
          id={id ?? ids.id}
          aria-label={id ? label : undefined}
          className="mono"
          value={draft}
          onChange={(event) => setDraft(event.target.value)}
          onBlur={commit}
          onKeyDown={(event) => {
            if (event.key === "Enter") commit();
            if (event.key === "Escape" && draft !== value) {
              event.stopPropagation();
              setDraft(value);
            }
          }}
        />
      )}
    </Field>
  );
}

function LastRuns({ workflow, step }: { workflow: string; step: string }) {
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  const { data } = useData(StepRuns, { id: workflow });
  const runs = (data?.workflow.runs.nodes ?? []).flatMap((run) => {
    const found = run.steps.find((one) => one.id === step);
    return found ? [{ run, found }] : [];
  });
  if (data && runs.length === 0) return <p className="step-panel-none">{t("noRuns")}</p>;
  return (
    <ul className="step-runs">
      {runs.map(({ run, found }) => (
        <li key={run.id}>
          <Link to={`/runs/${run.id}?step=${step}`}>
            <Status tone={STEP_STATUS[found.status].tone}>{pick(STEP_STATUS[found.status].word, language)}</Status>
            <span className="muted grow">
              {formatNumber(found.rowsIn, language)} {t("rowsIn")} · {formatNumber(found.rowsOut, language)} {t("rowsOut")}
              {found.rowsRejected > 0 && ` · ${formatNumber(found.rowsRejected, language)} ${t("rowsRejected")}`}
            </span>
            <Moment at={run.createdAt} />
          </Link>
          {found.error && <p className="step-runs-error">{found.error.message}</p>}
        </li>
      ))}
    </ul>
  );
}
