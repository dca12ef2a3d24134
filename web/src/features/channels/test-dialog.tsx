import { CircleCheck } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/button.tsx";
import { Dialog } from "@/components/dialog.tsx";
import { CopyText } from "@/components/facts.tsx";
import { Field, Select } from "@/components/field.tsx";
import { Notice } from "@/components/notice.tsx";
import { useChange } from "@/graphql/client.ts";
import type { AlertSeverity } from "@/graphql/generated/graphql.ts";
import { asProblem } from "@/graphql/problem.ts";
import { useWords } from "@/lib/language.ts";
import { TestChannel } from "./operations.ts";
import { words } from "./words.ts";

const SEVERITIES: readonly AlertSeverity[] = ["INFO", "WARNING", "CRITICAL", "RESOLVED"];

/** Sends a test alert and shows what came of it: that it was taken, or why not and what to do. */
export function TestDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const t = useWords(words);
  const [severity, setSeverity] = useState<AlertSeverity>("INFO");
  const { mutate, isPending, data, error } = useChange(TestChannel);
  const result = data?.testChannel;
  return (
    <Dialog
      title={t("testTitle", { name })}
      description={t("testText")}
      closeLabel={t("close")}
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>{t("close")}</Button>
          <Button tone="main" isBusy={isPending} onClick={() => mutate({ name, severity })}>
            {t(result ? "sendAgain" : "send")}
          </Button>
        </>
      }
    >
      <div className="stack">
        <Field label={t("severity")}>
          {(ids) => (
            <Select {...ids} value={severity} onChange={(event) => setSeverity(event.target.value as AlertSeverity)}>
              {SEVERITIES.map((one) => (
                <option key={one} value={one}>
                  {t(one)}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <div aria-live="polite" className="stack">
          {error && <Notice problem={asProblem(error)} />}
          {result?.ok && (
            <p className="channel-took tone-good">
              <CircleCheck size={16} aria-hidden />
              <span>{t("took")}</span>
              {result.providerId && (
                <span className="muted">
                  {t("receiverId")}: <CopyText text={result.providerId} />
                </span>
              )}
            </p>
          )}
          {result && !result.ok && <Notice problem={{ code: result.code ?? "delivery_failed", message: result.message, hint: result.hint }} />}
        </div>
      </div>
    </Dialog>
  );
}
