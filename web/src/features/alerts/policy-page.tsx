import { ArrowUp, Pencil, Plus, Trash2 } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { Button } from "@/components/button.tsx";
import { CodeEditor, type CodeProblem } from "@/components/code-editor.tsx";
import { Dialog } from "@/components/dialog.tsx";
import { Skeleton } from "@/components/empty.tsx";
import { Section } from "@/components/facts.tsx";
import { IconButton } from "@/components/icon-button.tsx";
import { Notice } from "@/components/notice.tsx";
import { Page } from "@/components/page.tsx";
import { Status } from "@/components/status.tsx";
import { tell } from "@/components/toast.tsx";
import { useChange, useData } from "@/graphql/client.ts";
import { asProblem, type ProblemView } from "@/graphql/problem.ts";
import { useMay } from "@/graphql/session.ts";
import { useWords } from "@/lib/language.ts";
import { keep, kept } from "@/lib/storage.ts";
import "./alerts.css";
import { AlertChannels, AlertPolicy, ApplyPolicy, DeletePolicy } from "./operations.ts";
import { NO_ROUTE, NO_RULES, NO_TEMPLATE, raiseRoute, readPolicy, removeRoute, setRoute, setRules, setTemplate } from "./policy.ts";
import { RouteDialog } from "./route-dialog.tsx";
import { RulesDialog } from "./rules-dialog.tsx";
import { spellMatch, spellRoute, spellRules } from "./sentences.ts";
import { TemplateDialog } from "./template-dialog.tsx";
import { words } from "./words.ts";

type Open = { kind: "route"; place: number } | { kind: "rules"; name: string } | { kind: "template"; name: string } | { kind: "delete" };

const DRAFT = "draft.alert-policy";
const NO_PROBLEMS: readonly ProblemView[] = [];

/** The policy as text, and beside it what it says in sentences; both are changed, and nothing holds before it is applied. */
export function PolicyPage() {
  const t = useWords(words);
  const mayApply = useMay("applyAlertPolicy");
  const { data, error } = useData(AlertPolicy, {}, { retry: false, refetchOnWindowFocus: false });
  const { data: known } = useData(AlertChannels, {}, { staleTime: 30_000, retry: false });
  const channels = useMemo(() => known?.channels.nodes.map((one) => one.name) ?? [], [known]);
  const [text, setText] = useState<string>();
  const [problems, setProblems] = useState(NO_PROBLEMS);
  const [open, setOpen] = useState<Open>();
  const holds = data?.alertPolicy ?? "";
  const isRead = data !== undefined;
  useEffect(() => {
    if (isRead) setText((old) => old ?? kept(DRAFT) ?? holds);
  }, [isRead, holds]);
  const edit = (next: string) => {
    setText(next);
    setProblems(NO_PROBLEMS);
    keep(DRAFT, next === holds ? null : next);
  };
  const apply = useChange(ApplyPolicy, {
    onSuccess: ({ applyAlertPolicy }) => {
      setProblems(applyAlertPolicy.problems);
      if (applyAlertPolicy.problems.length > 0) return;
      keep(DRAFT, null);
      tell(t("applied"));
    },
    onError: (fault) => setProblems([asProblem(fault)]),
  });
  const remove = useChange(DeletePolicy, {
    onSuccess: () => {
      setOpen(undefined);
      keep(DRAFT, null);
      setText("");
      tell(t("policyDeleted"));
    },
  });
  const view = useMemo(() => readPolicy(text ?? ""), [text]);
  const marks = useMemo(() => problems.map((problem): CodeProblem => ({ message: problem.message, hint: problem.hint ?? null, line: problem.line ?? null, column: problem.column ?? null })), [problems]);
  const isChanged = text !== undefined && text !== holds;
  const submit = () => {
    if (mayApply && text !== undefined) apply.mutate({ text });
  };
  const write = (next: string) => {
    edit(next);
    setOpen(undefined);
  };
  return (
    <Page
      crumbs={[{ label: t("title"), to: "/alerts" }, { label: t("policyTitle") }]}
      beside={isChanged && <Status tone="warned">{t("changed")}</Status>}
      actions={
        mayApply && (
          <>
            {isChanged && (
              <Button className="policy-back" onClick={() => edit(holds)}>
                {t("dropChanges")}
              </Button>
            )}
            {holds !== "" && !isChanged && (
              <Button tone="danger" onClick={() => setOpen({ kind: "delete" })}>
                {t("deletePolicy")}
              </Button>
            )}
            <Button tone="main" disabled={!isChanged} isBusy={apply.isPending} onClick={submit}>
              {t("apply")}
            </Button>
          </>
        )
      }
    >
      {error && text === undefined && (
        <div className="bar">
          <div className="grow">
            <Notice problem={asProblem(error)} />
          </div>
        </div>
      )}
      {text === undefined && !error && <Skeleton rows={10} height={24} />}
      {text !== undefined && (
        <div className="policy">
          <div className="policy-text">
            <CodeEditor label={t("text")} text={text} problems={marks} onText={edit} onEnter={submit} />
          </div>
          <div className="policy-view">
            {problems.length > 0 && (
              <div className="policy-problems">
                <p>{t("notApplied", { n: problems.length })}</p>
                {problems.map((problem, at) => (
                  <Notice key={at} problem={problem} />
                ))}
              </div>
            )}
            {!view && <p className="policy-problems muted">{t("unreadable")}</p>}
            {view && (
              <>
                <Section
                  title={t("routes")}
                  beside={
                    mayApply && (
                      <Button icon={Plus} onClick={() => setOpen({ kind: "route", place: view.routes.length })}>
                        {t("addRoute")}
                      </Button>
                    )
                  }
                >
                  {view.routes.length === 0 && <p className="muted">{t("noRoutes")}</p>}
                  <ol className="policy-list">
                    {view.routes.map((route, place) => (
                      <li key={place} className="policy-entry" data-route={place}>
                        <div className="grow">
                          <strong>{spellMatch(t, route)}</strong>
                          {spellRoute(t, route).map((line) => (
                            <p key={line} className="muted">
                              {line}
                            </p>
                          ))}
                        </div>
                        {mayApply && (
                          <>
                            {place > 0 && <IconButton icon={ArrowUp} label={t("up", { n: place + 1 })} onClick={() => edit(raiseRoute(text, place))} />}
                            <IconButton icon={Pencil} label={`${t("edit")} ${t("route", { n: place + 1 })}`} onClick={() => setOpen({ kind: "route", place })} />
                            <IconButton icon={Trash2} label={t("removeRoute", { n: place + 1 })} onClick={() => edit(removeRoute(text, place))} />
                          </>
                        )}
                      </li>
                    ))}
                  </ol>
                </Section>
                <Named
                  title={t("channelRules")}
                  none={t("noRules")}
                  entries={view.channels.map(([name, rules]) => [name, spellRules(t, rules)])}
                  add={mayApply && channels.length > 0 ? t("setRules") : undefined}
                  onOpen={mayApply ? (name) => setOpen({ kind: "rules", name }) : undefined}
                />
                <Named
                  title={t("templates")}
                  none={t("noTemplates")}
                  entries={view.templates.map(([name, template]) => [name, [template.subject || template.markdown || template.text]])}
                  add={mayApply ? t("addTemplate") : undefined}
                  onOpen={mayApply ? (name) => setOpen({ kind: "template", name }) : undefined}
                />
              </>
            )}
          </div>
        </div>
      )}
      {open?.kind === "route" && view && text !== undefined && (
        <RouteDialog place={open.place} route={view.routes[open.place] ?? NO_ROUTE} channels={["log", ...channels]} onWrite={(route) => write(setRoute(text, open.place, route))} onClose={() => setOpen(undefined)} />
      )}
      {open?.kind === "rules" && view && text !== undefined && (
        <RulesDialog
          name={open.name}
          rules={view.channels.find(([name]) => name === open.name)?.[1] ?? NO_RULES}
          channels={channels}
          onWrite={(name, rules) => write(setRules(text, name, rules))}
          onClose={() => setOpen(undefined)}
        />
      )}
      {open?.kind === "template" && view && text !== undefined && (
        <TemplateDialog
          name={open.name}
          template={view.templates.find(([name]) => name === open.name)?.[1] ?? NO_TEMPLATE}
          onWrite={(name, template) => write(setTemplate(text, name, template))}
          onClose={() => setOpen(undefined)}
        />
      )}
      {open?.kind === "delete" && (
        <Dialog
          title={t("deletePolicyTitle")}
          closeLabel={t("close")}
          onClose={() => setOpen(undefined)}
          foot={
            <>
              <Button onClick={() => setOpen(undefined)}>{t("cancel")}</Button>
              <Button tone="danger" isBusy={remove.isPending} onClick={() => remove.mutate({})}>
                {t("deletePolicyYes")}
              </Button>
            </>
          }
        >
          <p>{t("deletePolicyText")}</p>
          {remove.error && <Notice problem={asProblem(remove.error)} />}
        </Dialog>
      )}
    </Page>
  );
}

interface NamedProps {
  title: string;
  none: string;
  entries: readonly (readonly [name: string, lines: readonly string[]])[];
  add: string | undefined;
  onOpen: ((name: string) => void) | undefined;
}

/** Entries by name; the empty name is a new one. */
function Named({ title, none, entries, add, onOpen }: NamedProps) {
  const t = useWords(words);
  return (
    <Section
      title={title}
      beside={
        add &&
        onOpen && (
          <Button icon={Plus} onClick={() => onOpen("")}>
            {add}
          </Button>
        )
      }
    >
      {entries.length === 0 && <p className="muted">{none}</p>}
      <ul className="policy-list">
        {entries.map(([name, lines]) => (
          <li key={name} className="policy-entry">
            <div className="grow">
              <strong className="mono">{name}</strong>
              {lines.map((line) => (
                <p key={line} className="muted">
                  {line}
                </p>
              ))}
            </div>
            {onOpen && <IconButton icon={Pencil} label={`${t("edit")} ${name}`} onClick={() => onOpen(name)} />}
          </li>
        ))}
      </ul>
    </Section>
  );
}
