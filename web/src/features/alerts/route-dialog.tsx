import { useState } from "react";
import { Button } from "@/components/button.tsx";
import { Dialog } from "@/components/dialog.tsx";
import { Field, Switch, TextInput } from "@/components/field.tsx";
import { Ticked } from "@/components/notice.tsx";
import { useWords } from "@/lib/language.ts";
import { Checks } from "./checks.tsx";
import { readList, readPairs, type Route } from "./policy.ts";
import { spellSeverity } from "./sentences.ts";
import { words } from "./words.ts";

const SEVERITIES = ["critical", "warning", "info", "resolved"];

interface Props {
  place: number;
  route: Route;
  /** Names of channels there are. */
  channels: readonly string[];
  onWrite: (route: Route) => void;
  onClose: () => void;
}

/** A route as a form. */
export function RouteDialog({ place, route, channels, onWrite, onClose }: Props) {
  const t = useWords(words);
  const [severity, setSeverity] = useState(route.severity);
  const [workflow, setWorkflow] = useState(route.workflow);
  const [labels, setLabels] = useState(Object.entries(route.labels).map(([name, value]) => `${name}=${value}`).join(", "));
  const [tells, setTells] = useState(route.channels.join(", "));
  const [replace, setReplace] = useState(route.replace);
  const [group, setGroup] = useState({ by: route.group?.by.join(", ") ?? "", window: route.group?.window ?? "" });
  const [dedupe, setDedupe] = useState({ by: route.dedupe?.by.join(", ") ?? "", window: route.dedupe?.window ?? "" });
  const [escalation, setEscalation] = useState({ after: route.escalate[0]?.after ?? "", channels: route.escalate[0]?.channels.join(", ") ?? "" });
  const [stop, setStop] = useState(route.stop);
  const windowOf = ({ by, window }: { by: string; window: string }) => (window.trim() ? { by: readList(by), window: window.trim() } : null);
  const text = (label: string, value: string, onChange: (value: string) => void, help?: string) => (
    <Field label={label} help={help && <Ticked text={help} />}>
      {(ids) => <TextInput {...ids} className="mono" value={value} onChange={(event) => onChange(event.target.value)} />}
    </Field>
  );
  return (
    <Dialog
      title={t("route", { n: place + 1 })}
      closeLabel={t("close")}
      kind="drawer"
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button tone="main" type="submit" form="route-form">
            {t("keepRoute")}
          </Button>
        </>
      }
    >
      <form
        id="route-form"
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          const first = escalation.after.trim() ? [{ after: escalation.after.trim(), channels: readList(escalation.channels) }] : [];
          onWrite({
            severity,
            workflow: workflow.trim(),
            labels: readPairs(labels),
            channels: readList(tells),
            replace,
            group: windowOf(group),
            dedupe: windowOf(dedupe),
            // Further ones are written in the text, and stay.
            escalate: [...first, ...route.escalate.slice(1)],
            stop,
          });
        }}
      >
        <Checks label={t("severities")} help={t("severitiesHelp")} choices={SEVERITIES.map((value) => ({ value, label: spellSeverity(t, value) }))} chosen={severity} onChange={setSeverity} />
        {text(t("workflowMatch"), workflow, setWorkflow, t("workflowMatchHelp"))}
        {text(t("labelMatch"), labels, setLabels, t("labelMatchHelp"))}
        {text(t("tells"), tells, setTells, t("tellsHelp", { list: channels.join(", ") }))}
        <Switch label={t("replaces")} isOn={replace} onChange={setReplace} />
        <div className="policy-pair">
          {text(t("groupBy"), group.by, (by) => setGroup({ ...group, by }), t("byHelp"))}
          {text(t("groupWindow"), group.window, (window) => setGroup({ ...group, window }), t("windowHelp"))}
          {text(t("dedupeBy"), dedupe.by, (by) => setDedupe({ ...dedupe, by }))}
          {text(t("dedupeWindow"), dedupe.window, (window) => setDedupe({ ...dedupe, window }))}
          {text(t("escalateAfter"), escalation.after, (after) => setEscalation({ ...escalation, after }))}
          {text(t("escalateTo"), escalation.channels, (to) => setEscalation({ ...escalation, channels: to }))}
        </div>
        <Switch label={t("stop")} isOn={stop} onChange={setStop} />
      </form>
    </Dialog>
  );
}
