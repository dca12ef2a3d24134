import { useState } from "react";
import { Button } from "@/components/button.tsx";
import { TextInput } from "@/components/field.tsx";
import { Notice } from "@/components/notice.tsx";
import { useTables } from "@/graphql/catalog.ts";
import { asProblem } from "@/graphql/problem.ts";
import { useWords } from "@/lib/language.ts";
import { words } from "./words.ts";

/** So many names are drawn; whoever has more types a part of the name. */
const MOST = 200;

/** Which tables of the source are moved. */
export function TableList({ connection, chosen, onChange }: { connection: string; chosen: readonly string[]; onChange: (tables: string[]) => void }) {
  const t = useWords(words);
  const [wanted, setWanted] = useState("");
  const { tables, error, isLoading } = useTables(connection);
  const all = [...new Set([...chosen, ...tables])].sort();
  const shown = all.filter((table) => table.toLowerCase().includes(wanted.trim().toLowerCase())).slice(0, MOST);
  if (error) return <Notice problem={asProblem(error)} />;
  return (
    <fieldset className="transfer-tables">
      <legend>{t("tables")}</legend>
      <div className="row">
        <TextInput type="search" aria-label={t("findTable")} placeholder={t("findTable")} value={wanted} onChange={(event) => setWanted(event.target.value)} />
        <Button onClick={() => onChange([...new Set([...chosen, ...shown])])}>{t("chooseAll")}</Button>
        <Button onClick={() => onChange(chosen.filter((table) => !shown.includes(table)))}>{t("chooseNone")}</Button>
      </div>
      <div className="transfer-table-names">
        {all.length === 0 && <p className="muted">{t(isLoading ? "loading" : "noTables")}</p>}
        {shown.map((table) => (
          <label key={table} className="row">
            <input
              type="checkbox"
              className="transfer-check"
              checked={chosen.includes(table)}
              onChange={(event) => onChange(event.target.checked ? [...chosen, table] : chosen.filter((one) => one !== table))}
            />
            <span className="mono cut">{table}</span>
          </label>
        ))}
      </div>
      <span className="muted">{t("chosenTables", { n: chosen.length, all: all.length })}</span>
    </fieldset>
  );
}
