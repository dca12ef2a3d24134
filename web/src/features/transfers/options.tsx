import { Field, Select, Switch, TextInput } from "@/components/field.tsx";
import type { MigrationMode } from "@/graphql/generated/graphql.ts";
import { useWords } from "@/lib/language.ts";
import type { TransferPlan } from "./plan.ts";
import { words } from "./words.ts";

const MODES: readonly MigrationMode[] = ["APPEND", "INSERT_IGNORE", "UPSERT", "REPLACE", "TRUNCATE"];

/** How rows are written, in what portions, and how it is proven. */
export function Options({ plan, onChange }: { plan: TransferPlan; onChange: (plan: TransferPlan) => void }) {
  const t = useWords(words);
  return (
    <section className="transfer-section">
      <h2>{t("how")}</h2>
      <div className="transfer-options">
        <Field label={t("mode")}>
          {(ids) => (
            <Select {...ids} value={plan.mode} onChange={(event) => onChange({ ...plan, mode: event.target.value as MigrationMode })}>
              {MODES.map((mode) => (
                <option key={mode} value={mode}>
                  {t(mode)}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field label={t("onError")}>
          {(ids) => (
            <Select {...ids} value={plan.onError} onChange={(event) => onChange({ ...plan, onError: event.target.value === "reject" ? "reject" : "stop" })}>
              <option value="stop">{t("stop")}</option>
              <option value="reject">{t("reject")}</option>
            </Select>
          )}
        </Field>
        <Field label={t("proof")}>
          {(ids) => (
            <Select {...ids} value={plan.validate} onChange={(event) => onChange({ ...plan, validate: event.target.value })}>
              <option value="none">{t("proofNone")}</option>
              <option value="count">{t("proofCount")}</option>
              <option value="checksum">{t("proofChecksum")}</option>
              <option value="diff">{t("proofDiff")}</option>
            </Select>
          )}
        </Field>
        <Field label={t("chunkRows")}>
          {(ids) => <TextInput {...ids} inputMode="numeric" placeholder={t("usual")} value={plan.chunkRows} onChange={(event) => onChange({ ...plan, chunkRows: event.target.value })} />}
        </Field>
        <Field label={t("parallel")}>
          {(ids) => <TextInput {...ids} inputMode="numeric" placeholder={t("usual")} value={plan.parallel} onChange={(event) => onChange({ ...plan, parallel: event.target.value })} />}
        </Field>
        <Switch label={t("create")} isOn={plan.create} onChange={(create) => onChange({ ...plan, create })} />
      </div>
    </section>
  );
}
