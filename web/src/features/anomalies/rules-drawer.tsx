import { Plus } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/button.tsx";
import { Dialog } from "@/components/dialog.tsx";
import { Skeleton } from "@/components/empty.tsx";
import { Field, Select, Switch, TextInput } from "@/components/field.tsx";
import { Notice, Ticked } from "@/components/notice.tsx";
import { tell } from "@/components/toast.tsx";
import { useChange, useData } from "@/graphql/client.ts";
import type { AnomalyRulesQuery, AnomalySeverity } from "@/graphql/generated/graphql.ts";
import { May } from "@/graphql/may.tsx";
import { asProblem } from "@/graphql/problem.ts";
import { useWords } from "@/lib/language.ts";
import { SEVERITIES } from "./filter.ts";
import { AnomalyRules, ConfigureRule, ResetRule } from "./operations.ts";
import { Severity } from "./severity.tsx";
import { words } from "./words.ts";

type Rule = AnomalyRulesQuery["anomalyRules"][number];
const NEW: Rule = { rule: "", thresholds: "{}", severity: null, muted: false, channels: [], dedupeSeconds: 3600 };

/** What people have set for rules: severity, thresholds, who is told, or nothing at all. */
export function RulesDrawer({ onClose }: { onClose: () => void }) {
  const t = useWords(words);
  const [changing, setChanging] = useState<Rule>();
  const { data, error } = useData(AnomalyRules, {});
  const reset = useChange(ResetRule, { onSuccess: (_, { rule }) => tell(t("wasReset", { rule })), onError: (fault) => tell(fault.message, { isBad: true }) });
  if (changing) return <RuleForm rule={changing} onClose={() => setChanging(undefined)} />;
  return (
    <Dialog
      title={t("rules")}
      description={t("rulesText")}
      closeLabel={t("close")}
      kind="drawer"
      onClose={onClose}
      foot={
        <May ask="configureAnomalyRule">
          <Button tone="main" icon={Plus} onClick={() => setChanging(NEW)}>
            {t("setRule")}
          </Button>
        </May>
      }
    >
      {error && <Notice problem={asProblem(error)} />}
      {!data && !error && <Skeleton />}
      {data?.anomalyRules.length === 0 && <p className="muted">{t("noRules")}</p>}
      <ul className="anomaly-rules">
        {data?.anomalyRules.map((rule) => (
          <li key={rule.rule}>
            <code>{rule.rule}</code>
            {rule.muted && <span className="tag">{t("muted")}</span>}
            {rule.severity && <Severity severity={rule.severity} />}
            {rule.thresholds !== "{}" && <code className="muted">{rule.thresholds}</code>}
            <span className="muted">{rule.channels.join(", ")}</span>
            <span className="grow" />
            <Button onClick={() => setChanging(rule)}>{t("change")}</Button>
            <May ask="resetAnomalyRule">
              <Button tone="danger" onClick={() => reset.mutate({ rule: rule.rule })}>
                {t("reset")}
              </Button>
            </May>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

function RuleForm({ rule: first, onClose }: { rule: Rule; onClose: () => void }) {
  const t = useWords(words);
  const [rule, setRule] = useState(first);
  const [channels, setChannels] = useState(first.channels.join(", "));
  const [dedupe, setDedupe] = useState(String(first.dedupeSeconds));
  const { mutate, isPending, error } = useChange(ConfigureRule, {
    onSuccess: ({ configureAnomalyRule }) => {
      tell(t("saved", { rule: configureAnomalyRule.rule }));
      onClose();
    },
  });
  return (
    <Dialog
      title={first.rule || t("setRule")}
      closeLabel={t("close")}
      kind="drawer"
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button tone="main" type="submit" form="anomaly-rule" isBusy={isPending}>
            {t("save")}
          </Button>
        </>
      }
    >
      <form
        id="anomaly-rule"
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          mutate({
            rule: {
              rule: rule.rule.trim(),
              thresholds: rule.thresholds.trim() || "{}",
              severity: rule.severity ?? null,
              muted: rule.muted,
              channels: channels.split(/[,，]/).map((one) => one.trim()).filter(Boolean),
              dedupeSeconds: Number.parseInt(dedupe, 10) || 0,
            },
          });
        }}
      >
        {error && <Notice problem={asProblem(error)} />}
        <Field label={t("rule")} isNeeded help={<Ticked text={t("ruleHelp")} />}>
          {(ids) => <TextInput {...ids} required autoFocus className="mono" disabled={first.rule !== ""} value={rule.rule} onChange={(event) => setRule({ ...rule, rule: event.target.value })} />}
        </Field>
        <Switch label={t("mute")} isOn={rule.muted} onChange={(muted) => setRule({ ...rule, muted })} />
        <Field label={t("severity")}>
          {(ids) => (
            <Select {...ids} value={rule.severity ?? ""} onChange={(event) => setRule({ ...rule, severity: (event.target.value || null) as AnomalySeverity | null })}>
              <option value="">{t("ownSeverity")}</option>
              {SEVERITIES.map((one) => (
                <option key={one} value={one}>
                  {t(one)}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field label={t("thresholds")} help={<Ticked text={t("thresholdsHelp")} />}>
          {(ids) => <TextInput {...ids} className="mono" value={rule.thresholds} onChange={(event) => setRule({ ...rule, thresholds: event.target.value })} />}
        </Field>
        <Field label={t("channels")} help={t("channelsHelp")}>
          {(ids) => <TextInput {...ids} className="mono" value={channels} onChange={(event) => setChannels(event.target.value)} />}
        </Field>
        <Field label={t("dedupe")}>
          {(ids) => <TextInput {...ids} inputMode="numeric" value={dedupe} onChange={(event) => setDedupe(event.target.value)} />}
        </Field>
      </form>
    </Dialog>
  );
}
