import { useState } from "react";
import { Link } from "react-router";
import { Button } from "@/components/button.tsx";
import { Dialog } from "@/components/dialog.tsx";
import { Skeleton } from "@/components/empty.tsx";
import { Field, Select, Switch, TextArea, TextInput } from "@/components/field.tsx";
import { Notice, Ticked } from "@/components/notice.tsx";
import { Picker } from "@/components/picker.tsx";
import { tell } from "@/components/toast.tsx";
import { useConnections, useTable, useTables } from "@/graphql/catalog.ts";
import { useChange, useData } from "@/graphql/client.ts";
import type { MonitorTemplate } from "@/graphql/generated/graphql.ts";
import { asProblem } from "@/graphql/problem.ts";
import { useWords } from "@/lib/language.ts";
import { CreateMonitor, MonitorDocument } from "./operations.ts";
import { emptyPlan, EMPTY_SIDE, measuresOf, readPlan, toInput, type MonitorPlan, type MonitorSide } from "./plan.ts";
import { words } from "./words.ts";

const FORM = "monitor-form";
const TEMPLATES: readonly MonitorTemplate[] = ["DATA_DIFF", "ROW_COUNT", "SCHEMA_CHANGE"];

/** Makes a monitor, or changes the one of that name. */
export function MonitorDialog({ name, onClose }: { name?: string; onClose: () => void }) {
  const t = useWords(words);
  const { data, error } = useData(MonitorDocument, { name: name ?? "" }, { enabled: name !== undefined, retry: false });
  if (name === undefined) return <PlanDialog first={emptyPlan()} isChange={false} onClose={onClose} />;
  const plan = data ? readPlan(data.workflow.version.text) : undefined;
  if (plan) return <PlanDialog first={plan} isChange onClose={onClose} />;
  return (
    <Dialog title={t("changeTitle", { name })} closeLabel={t("close")} kind="drawer" onClose={onClose}>
      {error && <Notice problem={asProblem(error)} />}
      {!data && !error && <Skeleton />}
      {data && (
        <div className="stack">
          <p>{t("asYaml")}</p>
          <Link className="button" to={`/workflows/${name}`}>
            {t("openEditor")}
          </Link>
        </div>
      )}
    </Dialog>
  );
}

function PlanDialog({ first, isChange, onClose }: { first: MonitorPlan; isChange: boolean; onClose: () => void }) {
  const t = useWords(words);
  const [plan, setPlan] = useState(first);
  const set = (part: Partial<MonitorPlan>) => setPlan((old) => ({ ...old, ...part }));
  // The left table's own key is what most people mean.
  const { shape } = useTable(plan.left.connection, plan.template === "DATA_DIFF" ? plan.left.table : "");
  const key = plan.key || (isChange ? "" : (shape?.key.join(", ") ?? ""));
  const { mutate, isPending, error } = useChange(CreateMonitor, {
    onSuccess: ({ createMonitor }) => {
      tell(t(isChange ? "saved" : "created", { name: createMonitor.name }));
      onClose();
    },
  });
  const needsRight = plan.template === "DATA_DIFF";
  const measures = measuresOf(plan.template, plan.right !== null);
  return (
    <Dialog
      title={isChange ? t("changeTitle", { name: plan.name }) : t("new")}
      closeLabel={t("close")}
      kind="drawer"
      width={620}
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button tone="main" type="submit" form={FORM} isBusy={isPending}>
            {isChange ? t("save") : plan.name.trim() ? t("create", { name: plan.name.trim() }) : t("createPlain")}
          </Button>
        </>
      }
    >
      <form
        id={FORM}
        className="stack monitor-form"
        onSubmit={(event) => {
          event.preventDefault();
          mutate({ input: toInput({ ...plan, key }, isChange) });
        }}
      >
        {error && <Notice problem={asProblem(error)} />}
        {!isChange && (
          <Field label={t("name")} isNeeded help={<Ticked text={t("nameHelp")} />}>
            {(ids) => <TextInput {...ids} required autoFocus className="mono" value={plan.name} onChange={(event) => set({ name: event.target.value })} />}
          </Field>
        )}
        <Field label={t("template")}>
          {(ids) => (
            <Select
              {...ids}
              value={plan.template}
              onChange={(event) => {
                const template = event.target.value as MonitorTemplate;
                set({ template, right: template === "DATA_DIFF" ? (plan.right ?? EMPTY_SIDE) : plan.right });
              }}
            >
              {TEMPLATES.map((one) => (
                <option key={one} value={one}>
                  {t(one)}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <SideFields title={t("left")} side={plan.left} onChange={(left) => set({ left })} />
        {!needsRight && (
          <div>
            <Switch label={t("noSecond")} isOn={plan.right !== null} onChange={(isOn) => set({ right: isOn ? EMPTY_SIDE : null })} />
            {plan.right === null && <p className="field-help">{t("rightNoneHelp")}</p>}
          </div>
        )}
        {plan.right && <SideFields title={t("right")} side={plan.right} onChange={(right) => set({ right })} />}
        {plan.template === "DATA_DIFF" && (
          <div className="monitor-pair">
            <Field label={t("key")} help={t("keyHelp")}>
              {(ids) => <TextInput {...ids} className="mono" value={key} onChange={(event) => set({ key: event.target.value })} />}
            </Field>
            <Field label={t("columns")} help={t("columnsHelp")}>
              {(ids) => <TextInput {...ids} className="mono" value={plan.columns} onChange={(event) => set({ columns: event.target.value })} />}
            </Field>
          </div>
        )}
        <Field
          label={t("thresholds")}
          isNeeded={plan.template === "ROW_COUNT" && plan.right === null}
          help={<Ticked text={t("thresholdsHelp", { example: `${measures[0] ?? ""} > 10`, measures: measures.map((measure) => `\`${measure}\``).join(", ") })} />}
        >
          {(ids) => <TextArea {...ids} className="mono" rows={2} value={plan.thresholds} onChange={(event) => set({ thresholds: event.target.value })} />}
        </Field>
        <div className="monitor-pair">
          <Field label={t("cron")} help={<Ticked text={t("cronHelp")} />}>
            {(ids) => <TextInput {...ids} className="mono" placeholder="0 * * * *" value={plan.cron} onChange={(event) => set({ cron: event.target.value })} />}
          </Field>
          <Field label={t("timezone")}>
            {(ids) => <TextInput {...ids} className="mono" value={plan.timezone} onChange={(event) => set({ timezone: event.target.value })} />}
          </Field>
        </div>
        <div className="monitor-pair">
          <Field label={t("channels")} help={t("channelsHelp")}>
            {(ids) => <TextInput {...ids} className="mono" value={plan.channels} onChange={(event) => set({ channels: event.target.value })} />}
          </Field>
          <Field label={t("severity")}>
            {(ids) => (
              <Select {...ids} value={plan.severity} onChange={(event) => set({ severity: event.target.value })}>
                {(["info", "warning", "critical"] as const).map((one) => (
                  <option key={one} value={one}>
                    {t(one)}
                  </option>
                ))}
              </Select>
            )}
          </Field>
        </div>
      </form>
    </Dialog>
  );
}

function SideFields({ title, side, onChange }: { title: string; side: MonitorSide; onChange: (side: MonitorSide) => void }) {
  const t = useWords(words);
  const connections = useConnections() ?? [];
  const { tables, error } = useTables(side.connection);
  return (
    <fieldset className="monitor-side">
      <legend>{title}</legend>
      <div className="monitor-pair">
        <Field label={t("connection")}>
          {(ids) => (
            <Picker
              {...ids}
              label={`${title}: ${t("connection")}`}
              value={side.connection}
              placeholder={t("chooseConnection")}
              empty={t("noConnection")}
              choices={connections.map(({ name, system }) => ({ key: name, label: name, detail: system }))}
              onChange={(connection) => onChange({ ...side, connection, table: "", query: "" })}
            />
          )}
        </Field>
        {side.query ? (
          <Field label={t("table")}>{(ids) => <TextInput {...ids} className="mono" value={side.query} onChange={(event) => onChange({ ...side, query: event.target.value })} />}</Field>
        ) : (
          <Field label={t("table")}>
            {(ids) => (
              <Picker
                {...ids}
                label={`${title}: ${t("table")}`}
                value={side.table}
                placeholder={t("chooseTable")}
                empty={t("noTable")}
                choices={tables}
                disabled={!side.connection}
                onChange={(table) => onChange({ ...side, table })}
              />
            )}
          </Field>
        )}
      </div>
      {error && <Notice problem={asProblem(error)} />}
      <Field label={t("filter")}>
        {(ids) => <TextInput {...ids} className="mono" value={side.filter} onChange={(event) => onChange({ ...side, filter: event.target.value })} />}
      </Field>
    </fieldset>
  );
}
