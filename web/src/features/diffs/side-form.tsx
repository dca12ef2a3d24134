import { Field, TextArea, TextInput } from "@/components/field.tsx";
import { Notice } from "@/components/notice.tsx";
import { Picker } from "@/components/picker.tsx";
import { Segments } from "@/components/segments.tsx";
import { useConnections, useTables } from "@/graphql/catalog.ts";
import { asProblem } from "@/graphql/problem.ts";
import { useWords } from "@/lib/language.ts";
import type { SidePlan } from "./plan.ts";
import { words } from "./words.ts";

interface Props {
  title: string;
  help: string;
  side: SidePlan;
  onChange: (side: SidePlan) => void;
}

/** One side of a comparison: a connection, and a table or query of it. */
export function SideForm({ title, help, side, onChange }: Props) {
  const t = useWords(words);
  const connections = useConnections();
  const { tables, error, isLoading } = useTables(side.by === "table" ? side.connection : "");
  return (
    <fieldset className="diff-side">
      <legend>{title}</legend>
      <p className="field-help">{help}</p>
      <Field label={t("connection")}>
        {(ids) => (
          <Picker
            {...ids}
            label={`${title}: ${t("connection")}`}
            value={side.connection}
            placeholder={connections ? t("chooseConnection") : t("loading")}
            empty={t("noConnection")}
            choices={(connections ?? []).map(({ name, system }) => ({ key: name, label: name, detail: system }))}
            onChange={(connection) => onChange({ ...side, connection, table: connection === side.connection ? side.table : "" })}
          />
        )}
      </Field>
      <Segments
        label={t("what")}
        value={side.by}
        choices={[
          { value: "table", label: t("table") },
          { value: "query", label: t("query") },
        ]}
        onChange={(by) => onChange({ ...side, by })}
      />
      {side.by === "table" ? (
        <Field label={t("table")}>
          {(ids) => (
            <Picker
              {...ids}
              label={`${title}: ${t("table")}`}
              value={side.table}
              placeholder={isLoading ? t("loading") : t("chooseTable")}
              empty={t("noTable")}
              choices={tables}
              disabled={side.connection === ""}
              onChange={(table) => onChange({ ...side, table })}
            />
          )}
        </Field>
      ) : (
        <Field label={t("query")} help={t("queryHelp")}>
          {(ids) => <TextArea {...ids} className="mono" rows={4} value={side.query} onChange={(event) => onChange({ ...side, query: event.target.value })} />}
        </Field>
      )}
      {error && <Notice problem={asProblem(error)} />}
      <Field label={t("filter")} help={t("filterHelp")}>
        {(ids) => <TextInput {...ids} className="mono" value={side.filter} onChange={(event) => onChange({ ...side, filter: event.target.value })} />}
      </Field>
    </fieldset>
  );
}
