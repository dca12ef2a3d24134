import { KeyRound } from "lucide-react";
import "@/components/data-table.css";
import { Select, TextInput } from "@/components/field.tsx";
import { Ticked } from "@/components/notice.tsx";
import { useWords } from "@/lib/language.ts";
import type { DiffPlan, Pair, PairColumn } from "./plan.ts";
import { words } from "./words.ts";

interface Props {
  plan: DiffPlan;
  pairs: readonly Pair[];
  rightColumns: readonly PairColumn[];
  onChange: (plan: DiffPlan) => void;
}

/** Which column is held against which: key, pair and tolerance of each. */
export function PairTable({ plan, pairs, rightColumns, onChange }: Props) {
  const t = useWords(words);
  const key = pairs.filter((pair) => pair.isKey).map((pair) => pair.left.name);
  const taken = new Set(pairs.map((pair) => pair.right?.name));
  const rest = rightColumns.filter((column) => !taken.has(column.name));
  const setKey = (name: string, isOn: boolean) => onChange({ ...plan, key: isOn ? [...key, name] : key.filter((one) => one !== name) });
  return (
    <>
      <div className="diff-pairs" role="region" aria-label={t("columns")} tabIndex={0}>
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{t("leftColumn")}</th>
              <th scope="col">{t("rightColumn")}</th>
              <th scope="col">
                <span className="row">
                  <KeyRound size={11} aria-hidden />
                  {t("key")}
                </span>
              </th>
              <th scope="col">
                {t("tolerance")}{" "}
                <span className="muted diff-pairs-help">
                  <Ticked text={t("toleranceHelp")} />
                </span>
              </th>
            </tr>
          </thead>
          <tbody>
            {pairs.map(({ left, right, isKey }) => (
              <tr key={left.name} style={{ height: 36 }}>
                <td>
                  <span className="row">
                    <span className="mono">{left.name}</span>
                    <span className="muted mono diff-type">{left.nativeType}</span>
                  </span>
                </td>
                <td>
                  <span className="row">
                    <Select
                      className="mono diff-pair"
                      aria-label={`${t("rightColumn")}: ${left.name}`}
                      value={right?.name ?? ""}
                      onChange={(event) => onChange({ ...plan, pairs: { ...plan.pairs, [left.name]: event.target.value } })}
                    >
                      <option value="">— {t("notCompared")} —</option>
                      {rightColumns.map((column) => (
                        <option key={column.name}>{column.name}</option>
                      ))}
                    </Select>
                    <span className="muted mono diff-type">{right?.nativeType}</span>
                  </span>
                </td>
                <td>
                  <input
                    type="checkbox"
                    className="check"
                    aria-label={`${t("key")}: ${left.name}`}
                    checked={isKey}
                    disabled={!right}
                    onChange={(event) => setKey(left.name, event.target.checked)}
                  />
                </td>
                <td>
                  {right && !isKey && (
                    <TextInput
                      className="mono diff-tolerance"
                      aria-label={`${t("tolerance")}: ${left.name}`}
                      value={plan.tolerance[left.name] ?? ""}
                      onChange={(event) => onChange({ ...plan, tolerance: { ...plan.tolerance, [left.name]: event.target.value } })}
                    />
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rest.length > 0 && <p className="field-help">{t("rightOnly", { names: rest.map((column) => column.name).join(", ") })}</p>}
      {key.length === 0 && <p className="field-help">{t("noKey")}</p>}
    </>
  );
}
