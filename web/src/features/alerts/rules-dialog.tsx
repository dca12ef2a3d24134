import { useState } from "react";
import { Button } from "@/components/button.tsx";
import { Dialog } from "@/components/dialog.tsx";
import { Field, Select, TextInput } from "@/components/field.tsx";
import { useWords } from "@/lib/language.ts";
import { Checks } from "./checks.tsx";
import { NO_RULES, type Rules } from "./policy.ts";
import { spellDay, spellSeverity } from "./sentences.ts";
import { words } from "./words.ts";

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const SEVERITIES = ["critical", "warning", "info", "resolved"];

interface Props {
  /** Empty: the form asks for it. */
  name: string;
  rules: Rules;
  channels: readonly string[];
  onWrite: (name: string, rules: Rules) => void;
  onClose: () => void;
}

/** Rate, quiet hours and attempts of one channel. */
export function RulesDialog({ name: given, rules, channels, onWrite, onClose }: Props) {
  const t = useWords(words);
  const [name, setName] = useState(given || (channels[0] ?? ""));
  const [rate, setRate] = useState({ limit: rules.rate ? String(rules.rate.limit) : "", per: rules.rate?.per ?? "" });
  const [quiet, setQuiet] = useState(rules.quiet ?? { from: "", to: "", zone: "", days: [] as string[], except: [] as string[], then: "" });
  const [retry, setRetry] = useState({ attempts: rules.retry?.attempts ? String(rules.retry.attempts) : "", backoff: rules.retry?.backoff ?? "", max: rules.retry?.max ?? "" });
  const text = (label: string, value: string, onChange: (value: string) => void, placeholder: string, type = "text") => (
    <Field label={label}>{(ids) => <TextInput {...ids} type={type} className="mono" placeholder={placeholder} value={value} onChange={(event) => onChange(event.target.value)} />}</Field>
  );
  return (
    <Dialog
      title={given ? t("rulesOf", { name: given }) : t("setRules")}
      closeLabel={t("close")}
      kind="drawer"
      onClose={onClose}
      foot={
        <>
          {given && (
            <Button tone="danger" onClick={() => onWrite(given, NO_RULES)}>
              {t("forget")}
            </Button>
          )}
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button tone="main" type="submit" form="rules-form">
            {t("keepRoute")}
          </Button>
        </>
      }
    >
      <form
        id="rules-form"
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          const attempts = Number.parseInt(retry.attempts, 10);
          onWrite(name, {
            rate: rate.limit.trim() ? { limit: Number.parseInt(rate.limit, 10) || 1, per: rate.per.trim() || "1m" } : null,
            quiet: quiet.from && quiet.to ? quiet : null,
            retry: retry.attempts.trim() || retry.backoff.trim() || retry.max.trim() ? { attempts: Number.isNaN(attempts) ? null : attempts, backoff: retry.backoff.trim(), max: retry.max.trim() } : null,
          });
        }}
      >
        {!given && (
          <Field label={t("channel")}>
            {(ids) => (
              <Select {...ids} value={name} onChange={(event) => setName(event.target.value)}>
                {channels.map((one) => (
                  <option key={one}>{one}</option>
                ))}
              </Select>
            )}
          </Field>
        )}
        <div className="policy-pair">
          {text(t("rateLimit"), rate.limit, (limit) => setRate({ ...rate, limit }), "10", "number")}
          {text(t("ratePer"), rate.per, (per) => setRate({ ...rate, per }), "1m")}
          {text(t("quietFrom"), quiet.from, (from) => setQuiet({ ...quiet, from }), "22:00", "time")}
          {text(t("quietTo"), quiet.to, (to) => setQuiet({ ...quiet, to }), "07:00", "time")}
          {text(t("zone"), quiet.zone, (zone) => setQuiet({ ...quiet, zone }), Intl.DateTimeFormat().resolvedOptions().timeZone)}
          <Field label={t("then")}>
            {(ids) => (
              <Select {...ids} value={quiet.then} onChange={(event) => setQuiet({ ...quiet, then: event.target.value })}>
                <option value="">{t("hold")}</option>
                <option value="drop">{t("drop")}</option>
              </Select>
            )}
          </Field>
        </div>
        <Checks label={t("days")} help={t("daysHelp")} choices={DAYS.map((value) => ({ value, label: spellDay(t, value) }))} chosen={quiet.days} onChange={(days) => setQuiet({ ...quiet, days })} />
        <Checks label={t("except")} choices={SEVERITIES.map((value) => ({ value, label: spellSeverity(t, value) }))} chosen={quiet.except} onChange={(except) => setQuiet({ ...quiet, except })} />
        <div className="policy-pair">
          {text(t("attempts"), retry.attempts, (attempts) => setRetry({ ...retry, attempts }), "6", "number")}
          {text(t("attemptsBackoff"), retry.backoff, (backoff) => setRetry({ ...retry, backoff }), "10s")}
          {text(t("attemptsMost"), retry.max, (max) => setRetry({ ...retry, max }), "15m")}
        </div>
      </form>
    </Dialog>
  );
}
