import { Eye, Send } from "lucide-react";
import { useState } from "react";
import { Link } from "react-router";
import { Button } from "@/components/button.tsx";
import { Dialog } from "@/components/dialog.tsx";
import { Skeleton } from "@/components/empty.tsx";
import { CopyText, Facts } from "@/components/facts.tsx";
import { Field, TextInput } from "@/components/field.tsx";
import { Markdown } from "@/components/markdown.tsx";
import { Notice, Ticked } from "@/components/notice.tsx";
import { Moment } from "@/components/time.tsx";
import { tell } from "@/components/toast.tsx";
import { useChange, useData } from "@/graphql/client.ts";
import type { DeliveryFieldsFragment } from "@/graphql/generated/graphql.ts";
import { asProblem } from "@/graphql/problem.ts";
import { useMay } from "@/graphql/session.ts";
import { formatSpan } from "@/lib/format.ts";
import { useWords } from "@/lib/language.ts";
import { AcknowledgeAlert, OneAlert, RetryDelivery } from "./operations.ts";
import { DeliveryState, Severity } from "./severity.tsx";
import { words } from "./words.ts";

/** One alert: its message, whom it was told to, and every attempt. */
export function AlertDrawer({ id, onOpen, onClose }: { id: string; onOpen: (id: string) => void; onClose: () => void }) {
  const t = useWords(words);
  const mayAcknowledge = useMay("acknowledgeAlert");
  const [comment, setComment] = useState("");
  const { data, error } = useData(OneAlert, { id }, { retry: false, refetchInterval: 5000 });
  const acknowledge = useChange(AcknowledgeAlert, { onSuccess: () => setComment("") });
  const alert = data?.alert;
  const canAcknowledge = alert !== undefined && !alert.acknowledgedAt && mayAcknowledge;
  return (
    <Dialog
      title={alert?.title ?? id}
      closeLabel={t("close")}
      kind="drawer"
      width={640}
      onClose={onClose}
      foot={
        canAcknowledge && (
          <Button tone="main" icon={Eye} title={t("acknowledgeHelp")} isBusy={acknowledge.isPending} onClick={() => acknowledge.mutate({ id, comment: comment.trim() || null })}>
            {t("acknowledge")}
          </Button>
        )
      }
    >
      {error && <Notice problem={asProblem(error)} />}
      {!alert && !error && <Skeleton />}
      {alert && (
        <div className="stack alert-whole">
          {acknowledge.error && <Notice problem={asProblem(acknowledge.error)} />}
          <div className="row">
            <Severity severity={alert.severity} />
            <span className="muted">
              <Moment at={alert.raisedAt} />
            </span>
            {alert.acknowledgedAt && (
              <span className="tag">
                {t("acknowledged")} {alert.acknowledgedBy && t("by", { who: alert.acknowledgedBy })}
              </span>
            )}
          </div>
          {alert.text && (
            <div className="alert-text">
              <Markdown text={alert.text} />
            </div>
          )}
          <Facts
            facts={[
              ...alert.fields.map(({ name, value }) => [name, value] as const),
              [t("workflow"), alert.workflow ? <Link className="row-name" to={`/workflows/${alert.workflow}${alert.step ? `?step=${alert.step}` : ""}`}>{[alert.workflow, alert.step].filter(Boolean).join(" · ")}</Link> : undefined],
              [t("run"), alert.runId ? <Link className="row-name" to={`/runs/${alert.runId}`}>{t("openRun")}</Link> : undefined],
              [t("link"), alert.link ? <CopyText text={alert.link} /> : undefined],
              [
                t("labels"),
                alert.labels.length > 0 ? (
                  <span className="alert-labels">
                    {alert.labels.map((label) => (
                      <span key={label.name} className="tag">
                        {label.name}={label.value}
                      </span>
                    ))}
                  </span>
                ) : undefined,
              ],
              [
                t("duplicateOf"),
                alert.duplicateOf ? (
                  <button type="button" className="link-button row-name" onClick={() => onOpen(alert.duplicateOf ?? "")}>
                    {t("openOther")}
                  </button>
                ) : undefined,
              ],
              [t("comment"), alert.comment || undefined],
            ]}
          />
          <section className="stack" aria-label={t("deliveries")}>
            <h3 className="alert-heading">{t("deliveries")}</h3>
            {alert.deliveries.length === 0 && <p className="muted">{t("noDeliveries")}</p>}
            {alert.deliveries.map((delivery) => (
              <Delivery key={delivery.id} delivery={delivery} />
            ))}
          </section>
          {canAcknowledge && (
            <Field label={t("comment")} help={t("acknowledgeHelp")}>
              {(ids) => <TextInput {...ids} maxLength={1000} value={comment} onChange={(event) => setComment(event.target.value)} />}
            </Field>
          )}
        </div>
      )}
    </Dialog>
  );
}

const REASONS = ["retry", "group", "quiet", "rate", "escalation", "duplicate", "acknowledged"] as const;
const OUTCOMES = ["running", "delivered", "retryable", "final", "interrupted"] as const;

function Delivery({ delivery }: { delivery: DeliveryFieldsFragment }) {
  const t = useWords(words);
  const mayRetry = useMay("retryDelivery");
  const { channel } = delivery;
  const retry = useChange(RetryDelivery, {
    onSuccess: ({ retryDelivery }) => {
      if (retryDelivery.status === "DELIVERED") tell(t("retried", { channel }));
      else tell(t("notRetried", { channel, message: retryDelivery.attempts.at(-1)?.message ?? "" }), { isBad: true });
    },
    onError: (fault) => tell(fault.message, { isBad: true }),
  });
  const reason = REASONS.find((one) => one === delivery.reason);
  return (
    <article className="alert-delivery" data-channel={channel} data-status={delivery.status}>
      <header className="row alert-delivery-head">
        <strong>{channel}</strong>
        <DeliveryState status={delivery.status} />
        {reason && <span className="muted">{t(`reason_${reason}`)}</span>}
        {delivery.level > 0 && <span className="muted">{t("level", { level: delivery.level })}</span>}
        {delivery.status === "PENDING" && delivery.nextAt && (
          <span className="muted">
            {t("next")} <Moment at={delivery.nextAt} />
          </span>
        )}
        <span className="grow" />
        {mayRetry && delivery.status !== "DELIVERED" && (
          <Button icon={Send} isBusy={retry.isPending} onClick={() => retry.mutate({ id: delivery.id })}>
            {t("retry", { channel })}
          </Button>
        )}
      </header>
      {delivery.attempts.length === 0 ? (
        <p className="muted">{t("noAttempts")}</p>
      ) : (
        <div className="plain-table-scroller" tabIndex={0} role="region" aria-label={`${channel}: ${t("attempt")}`}>
          <table className="plain-table">
            <thead>
              <tr>
                <th scope="col">{t("attempt")}</th>
                <th scope="col">{t("at")}</th>
                <th scope="col">{t("outcome")}</th>
                <th scope="col">{t("said")}</th>
                <th scope="col" className="number">
                  {t("took")}
                </th>
              </tr>
            </thead>
            <tbody>
              {delivery.attempts.map((attempt) => {
                const outcome = OUTCOMES.find((one) => one === attempt.outcome);
                return (
                  <tr key={attempt.number}>
                    <td>{attempt.number}</td>
                    <td className="alert-short">
                      <Moment at={attempt.at} />
                    </td>
                    <td className="alert-short">{outcome ? t(`outcome_${outcome}`) : attempt.outcome}</td>
                    <td className="alert-said">
                      {attempt.message && <Ticked text={attempt.message} />}
                      {attempt.code && <code className="muted"> {attempt.code}</code>}
                    </td>
                    <td className="number alert-short">{attempt.durationMs !== null && attempt.durationMs !== undefined && formatSpan(attempt.durationMs)}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
      {delivery.messageId && (
        <p className="muted alert-ids">
          {t("messageId")} <CopyText text={delivery.messageId} />
          {delivery.providerId && (
            <>
              {t("providerId")} <CopyText text={delivery.providerId} />
            </>
          )}
        </p>
      )}
    </article>
  );
}
