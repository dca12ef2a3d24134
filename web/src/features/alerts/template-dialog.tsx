import { useEffect, useState } from "react";
import { Button } from "@/components/button.tsx";
import { Dialog } from "@/components/dialog.tsx";
import { Facts } from "@/components/facts.tsx";
import { Field, Select, TextArea, TextInput } from "@/components/field.tsx";
import { Markdown } from "@/components/markdown.tsx";
import { Notice, Ticked } from "@/components/notice.tsx";
import { Segments } from "@/components/segments.tsx";
import { request } from "@/graphql/client.ts";
import type { AlertSeverity, PreviewAlertQuery } from "@/graphql/generated/graphql.ts";
import { asProblem, type ProblemView } from "@/graphql/problem.ts";
import { useWords } from "@/lib/language.ts";
import { PreviewAlert } from "./operations.ts";
import { NO_TEMPLATE, readPairs, type Template } from "./policy.ts";
import { SEVERITIES } from "./severity.tsx";
import { words } from "./words.ts";

interface Props {
  /** Empty: a new one. */
  name: string;
  template: Template;
  onWrite: (name: string, template: Template) => void;
  onClose: () => void;
}

const PAUSE = 250;

/** A template beside the message it makes of sample data, made anew while one writes. */
export function TemplateDialog({ name: given, template, onWrite, onClose }: Props) {
  const t = useWords(words);
  const [name, setName] = useState(given);
  const [subject, setSubject] = useState(template.subject);
  const [text, setText] = useState(template.text);
  const [markdown, setMarkdown] = useState(template.markdown);
  const [fields, setFields] = useState(Object.entries(template.fields).map(([field, value]) => `${field}: ${value}`).join("\n"));
  const [severity, setSeverity] = useState<AlertSeverity>("WARNING");
  const whole: Template = { subject, text, markdown, fields: readPairs(fields, /\n/, ":") };
  return (
    <Dialog
      title={given ? t("templateOf", { name: given }) : t("addTemplate")}
      closeLabel={t("close")}
      kind="drawer"
      width={680}
      onClose={onClose}
      foot={
        <>
          {given && (
            <Button tone="danger" onClick={() => onWrite(given, NO_TEMPLATE)}>
              {t("forgetTemplate")}
            </Button>
          )}
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button tone="main" type="submit" form="template-form">
            {t("keepTemplate")}
          </Button>
        </>
      }
    >
      <form
        id="template-form"
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          onWrite(name.trim(), whole);
        }}
      >
        {!given && (
          <Field label={t("templateName")} isNeeded help={<Ticked text={t("templateNameHelp")} />}>
            {(ids) => <TextInput {...ids} required autoFocus className="mono" value={name} onChange={(event) => setName(event.target.value)} />}
          </Field>
        )}
        <Field label={t("subject")} help={<Ticked text={t("subjectHelp")} />}>
          {(ids) => <TextInput {...ids} className="mono" value={subject} onChange={(event) => setSubject(event.target.value)} />}
        </Field>
        <Field label={t("markdown")} help={<Ticked text={t("markdownHelp")} />}>
          {(ids) => <TextArea {...ids} className="mono" rows={4} value={markdown} onChange={(event) => setMarkdown(event.target.value)} />}
        </Field>
        <Field label={t("plain")} help={t("plainHelp")}>
          {(ids) => <TextArea {...ids} className="mono" rows={2} value={text} onChange={(event) => setText(event.target.value)} />}
        </Field>
        <Field label={t("fields")} help={<Ticked text={t("fieldsHelp")} />}>
          {(ids) => <TextArea {...ids} className="mono" rows={2} value={fields} onChange={(event) => setFields(event.target.value)} />}
        </Field>
      </form>
      <Preview template={whole} severity={severity} onSeverity={setSeverity} />
    </Dialog>
  );
}

function Preview({ template, severity, onSeverity }: { template: Template; severity: AlertSeverity; onSeverity: (severity: AlertSeverity) => void }) {
  const t = useWords(words);
  const [form, setForm] = useState<"markdown" | "text">("markdown");
  const [made, setMade] = useState<PreviewAlertQuery["previewAlert"]>();
  const [problem, setProblem] = useState<ProblemView>();
  const key = JSON.stringify(template);
  useEffect(() => {
    const abort = new AbortController();
    const { subject, text, markdown, fields } = JSON.parse(key) as Template;
    const input = { severity, ...(subject ? { subject } : {}), ...(text ? { text } : {}), ...(markdown ? { markdown } : {}), ...(Object.keys(fields).length > 0 ? { fields: JSON.stringify(fields) } : {}) };
    const timer = setTimeout(() => {
      request(PreviewAlert, { input }, abort.signal).then(
        ({ previewAlert }) => {
          setMade(previewAlert);
          setProblem(undefined);
        },
        (error: unknown) => {
          // What was made of the text before stays: nothing jumps while one writes an expression.
          if (!abort.signal.aborted) setProblem(asProblem(error));
        },
      );
    }, PAUSE);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [key, severity]);
  return (
    <section className="stack template-preview" aria-label={t("preview")}>
      <div className="row template-preview-head">
        <h3 className="alert-heading">{t("preview")}</h3>
        <span className="muted grow">{t("previewText")}</span>
        <Select className="alert-filter" aria-label={t("sampleSeverity")} value={severity} onChange={(event) => onSeverity(event.target.value as AlertSeverity)}>
          {SEVERITIES.map((one) => (
            <option key={one} value={one}>
              {t(one)}
            </option>
          ))}
        </Select>
      </div>
      {problem && <Notice problem={problem} />}
      {made && (
        <div className="policy-preview" aria-live="polite">
          <h3>{made.subject}</h3>
          <Segments
            label={t("preview")}
            value={form}
            choices={[
              { value: "markdown", label: t("asMarkdown") },
              { value: "text", label: t("asText") },
            ]}
            onChange={setForm}
          />
          {form === "markdown" ? <Markdown text={made.markdown} /> : <pre>{made.text}</pre>}
          {made.fields.length > 0 && <Facts facts={made.fields.map(({ name, value }) => [name, value] as const)} />}
        </div>
      )}
    </section>
  );
}
