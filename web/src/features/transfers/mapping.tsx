import { Plus, TriangleAlert } from "lucide-react";
import { Button } from "@/components/button.tsx";
import "@/components/data-table.css";
import { Select, TextInput } from "@/components/field.tsx";
import { Ticked } from "@/components/notice.tsx";
import { useWords } from "@/lib/language.ts";
import type { TransferLookQuery } from "@/graphql/generated/graphql.ts";
import { leftOver, type Column, type Row, type Rule, type TransferPlan } from "./plan.ts";
import { words } from "./words.ts";

type Looked = TransferLookQuery["migrationLook"]["tables"][number];

interface Props {
  plan: TransferPlan;
  rows: readonly Row[];
  source: readonly Column[];
  /** Whether the target's table is there; its columns cannot be called otherwise then. */
  exists: boolean;
  /** What the server says of it, as soon as it has looked. */
  looked: Looked | undefined;
  onChange: (plan: TransferPlan) => void;
}

/** What each column of the target gets: the target at the left, the choice of its source at the right. */
export function Mapping({ plan, rows, source, exists, looked, onChange }: Props) {
  const t = useWords(words);
  const set = (key: string, rule: Rule) => onChange({ ...plan, rules: { ...plan.rules, [key]: rule } });
  const rest = leftOver(rows, source);
  const add = () => {
    let name = "new_column";
    for (let count = 2; rows.some((row) => row.key === name || row.target === name); count++) name = `new_column_${count}`;
    set(name, { by: "value", text: "", target: name, type: "text" });
  };
  return (
    <>
      <div className="transfer-mapping" role="region" aria-label={t("columns")} tabIndex={0}>
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{t("targetColumn")}</th>
              <th scope="col">{t("type")}</th>
              <th scope="col">{t("sourceColumn")}</th>
              <th scope="col">{t("valueColumn")}</th>
              <th scope="col">{t("hazard")}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <MappingRow key={row.key} row={row} source={source} exists={exists} looked={looked} onChange={(rule) => set(row.key, rule)} />
            ))}
          </tbody>
        </table>
      </div>
      <div className="row transfer-mapping-foot">
        {!exists && (
          <Button icon={Plus} onClick={add}>
            {t("targetColumn")}
          </Button>
        )}
        {rest.length > 0 && <span className="muted">{t("notMoved", { names: rest.join(", ") })}</span>}
      </div>
    </>
  );
}

function MappingRow({ row, source, exists, looked, onChange }: { row: Row; source: readonly Column[]; exists: boolean; looked: Looked | undefined; onChange: (rule: Rule) => void }) {
  const t = useWords(words);
  const { rule } = row;
  const own = looked?.columns.find((column) => column.target === row.target);
  const from = rule.by === "column" ? source.find((column) => column.name === rule.text) : undefined;
  const hazards = looked?.hazards.filter((hazard) => (rule.by === "column" && hazard.column === rule.text) || hazard.column === row.target) ?? [];
  const choice = rule.by === "column" ? `c:${rule.text}` : rule.by;
  return (
    <tr style={{ height: 38 }} data-target={row.target}>
      <td>
        {exists ? (
          <span className="mono">{row.target}</span>
        ) : (
          <TextInput
            className="mono transfer-name"
            aria-label={`${t("targetColumn")}: ${row.key}`}
            value={rule.target || row.key}
            disabled={rule.by === "none"}
            onChange={(event) => onChange({ ...rule, target: event.target.value })}
          />
        )}
      </td>
      <td>
        {exists ? (
          <span className="mono muted">{row.targetType}</span>
        ) : (
          <TextInput
            className="mono transfer-type"
            aria-label={`${t("type")}: ${row.key}`}
            placeholder={own?.targetType ?? t("typeAsTranslated")}
            value={rule.type}
            disabled={rule.by === "none"}
            onChange={(event) => onChange({ ...rule, type: event.target.value })}
          />
        )}
      </td>
      <td>
        <Select
          className="transfer-choice"
          aria-label={`${t("sourceColumn")}: ${row.key}`}
          value={choice}
          onChange={(event) => {
            const next = event.target.value;
            if (next.startsWith("c:")) onChange({ ...rule, by: "column", text: next.slice(2) });
            else onChange({ ...rule, by: next as Rule["by"], text: rule.by === "column" ? "" : rule.text });
          }}
        >
          {source.map((column) => (
            <option key={column.name} value={`c:${column.name}`}>
              {column.name} · {column.nativeType}
            </option>
          ))}
          <option value="value">{t("byValue")}</option>
          <option value="sql">{t("bySql")}</option>
          <option value="none">— {t(exists ? "byNone" : "byNoneNew")} —</option>
        </Select>
      </td>
      <td>
        {(rule.by === "value" || rule.by === "sql") && (
          <TextInput
            className="mono"
            aria-label={`${t("valueColumn")}: ${row.key}`}
            placeholder={t(rule.by === "value" ? "valuePlace" : "sqlPlace")}
            value={rule.text}
            onChange={(event) => onChange({ ...rule, text: event.target.value })}
          />
        )}
        {from && own?.targetType && <span className="mono muted">{`${from.nativeType} → ${own.targetType}`}</span>}
      </td>
      <td className="transfer-hazards">
        {row.isNeeded && <HazardLine isLoss text={t("needed")} />}
        {hazards.map((hazard) => (
          <HazardLine key={hazard.kind} isLoss={hazard.isLoss} text={hazard.message} />
        ))}
      </td>
    </tr>
  );
}

export function HazardLine({ isLoss, text }: { isLoss: boolean; text: string }) {
  return (
    <span className={`transfer-hazard tone-${isLoss ? "bad" : "warned"}`} title={text}>
      <TriangleAlert size={12} aria-hidden />
      <span className="cut">
        <Ticked text={text} />
      </span>
    </span>
  );
}
