import { Check, Eye, RotateCcw } from "lucide-react";
import { useState } from "react";
import { Link } from "react-router";
import { Button } from "@/components/button.tsx";
import { Dialog } from "@/components/dialog.tsx";
import { Skeleton } from "@/components/empty.tsx";
import { Field, TextInput } from "@/components/field.tsx";
import { Notice } from "@/components/notice.tsx";
import { Moment } from "@/components/time.tsx";
import { useChange, useData } from "@/graphql/client.ts";
import { May } from "@/graphql/may.tsx";
import { asProblem } from "@/graphql/problem.ts";
import { formatNumber } from "@/lib/format.ts";
import { useLanguage, useWords } from "@/lib/language.ts";
import { readDetails } from "./filter.ts";
import { AcknowledgeAnomaly, OneAnomaly, ReopenAnomaly, ResolveAnomaly } from "./operations.ts";
import { Severity, State } from "./severity.tsx";
import { words } from "./words.ts";

/** One anomaly: where, since when, its figures, and what people say of it. */
export function AnomalyDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  const [comment, setComment] = useState("");
  const { data, error } = useData(OneAnomaly, { id }, { retry: false });
  const acknowledge = useChange(AcknowledgeAnomaly, { onSuccess: () => setComment("") });
  const resolve = useChange(ResolveAnomaly, { onSuccess: () => setComment("") });
  const reopen = useChange(ReopenAnomaly, { onSuccess: () => setComment("") });
  const anomaly = data?.anomaly;
  const fault = acknowledge.error ?? resolve.error ?? reopen.error;
  const variables = { id, comment: comment.trim() || null };
  return (
    <Dialog
      title={anomaly?.message ?? id}
      closeLabel={t("close")}
      kind="drawer"
      onClose={onClose}
      foot={
        anomaly && (
          <>
            {anomaly.state === "OPEN" && (
              <May ask="acknowledgeAnomaly">
                <Button icon={Eye} title={t("acknowledgeHelp")} isBusy={acknowledge.isPending} onClick={() => acknowledge.mutate(variables)}>
                  {t("acknowledge")}
                </Button>
              </May>
            )}
            {anomaly.state !== "RESOLVED" && (
              <May ask="resolveAnomaly">
                <Button tone="main" icon={Check} isBusy={resolve.isPending} onClick={() => resolve.mutate(variables)}>
                  {t("resolve")}
                </Button>
              </May>
            )}
            {anomaly.state !== "OPEN" && (
              <May ask="reopenAnomaly">
                <Button icon={RotateCcw} isBusy={reopen.isPending} onClick={() => reopen.mutate(variables)}>
                  {t("reopen")}
                </Button>
              </May>
            )}
          </>
        )
      }
    >
      {error && <Notice problem={asProblem(error)} />}
      {!anomaly && !error && <Skeleton />}
      {anomaly && (
        <div className="stack anomaly-whole">
          {fault && <Notice problem={asProblem(fault)} />}
          <div className="row">
            <State state={anomaly.state} />
            <Severity severity={anomaly.severity} />
            <code>{anomaly.rule}</code>
          </div>
          <dl className="anomaly-facts">
            <dt>{t("where")}</dt>
            <dd className="mono">
              {anomaly.connection && anomaly.table ? (
                <Link className="row-name" to={`/connections/${anomaly.connection}?table=${encodeURIComponent(anomaly.table)}`} title={t("browse")}>
                  {anomaly.connection}:{anomaly.table}
                </Link>
              ) : (
                anomaly.connection
              )}
              {anomaly.scope && ` · ${anomaly.scope}`}
            </dd>
            <dt>{t("times")}</dt>
            <dd>{formatNumber(anomaly.count, language)}</dd>
            <dt>{t("firstSeen")}</dt>
            <dd>
              <Moment at={anomaly.firstSeen} />
            </dd>
            <dt>{t("lastSeen")}</dt>
            <dd>
              <Moment at={anomaly.lastSeen} />
              {anomaly.runId && (
                <>
                  {" · "}
                  <Link className="row-name" to={`/runs/${anomaly.runId}`}>
                    {t("openRun")}
                  </Link>
                </>
              )}
            </dd>
            <dt>{t("told")}</dt>
            <dd>{anomaly.alertedAt ? <Moment at={anomaly.alertedAt} /> : <span className="muted">{t("notTold")}</span>}</dd>
            <dt>{t("changed")}</dt>
            <dd>
              <Moment at={anomaly.changedAt} /> {anomaly.changedBy ? t("by", { who: anomaly.changedBy }) : t("byItself")}
            </dd>
            {anomaly.comment && (
              <>
                <dt>{t("comment")}</dt>
                <dd>{anomaly.comment}</dd>
              </>
            )}
          </dl>
          {readDetails(anomaly.details).length > 0 && (
            <section>
              <h3>{t("details")}</h3>
              <dl className="anomaly-facts">
                {readDetails(anomaly.details).map(([name, value]) => (
                  <div key={name} className="anomaly-detail">
                    <dt className="mono">{name}</dt>
                    <dd className="mono">{value}</dd>
                  </div>
                ))}
              </dl>
            </section>
          )}
          <Field label={t("comment")} help={t("commentHelp")}>
            {(ids) => <TextInput {...ids} maxLength={1000} value={comment} onChange={(event) => setComment(event.target.value)} />}
          </Field>
        </div>
      )}
    </Dialog>
  );
}
