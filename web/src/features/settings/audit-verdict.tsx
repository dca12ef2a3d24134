import { ShieldAlert, ShieldCheck } from "lucide-react";
import { Button } from "@/components/button.tsx";
import { Notice, Ticked } from "@/components/notice.tsx";
import { useData } from "@/graphql/client.ts";
import { asProblem } from "@/graphql/problem.ts";
import { formatNumber } from "@/lib/format.ts";
import { useLanguage, useWords } from "@/lib/language.ts";
import { AuditVerdict } from "./people-operations.ts";
import { words } from "./people-words.ts";

/** How many faults are listed; the first ones say where it begins. */
const SHOWN = 10;

/** Holds the log against its chain and checkpoints when somebody asks: it reads all of it. */
export function Verdict() {
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  const { data, error, isFetching, refetch } = useData(AuditVerdict, {}, { enabled: false, retry: false });
  const verdict = isFetching ? undefined : data?.auditVerdict;
  return (
    <div className="audit-verdict">
      <Button icon={ShieldCheck} isBusy={isFetching} onClick={() => void refetch()}>
        {t("verify")}
      </Button>
      <div role="status" className="grow">
        {error && !isFetching && <Notice problem={asProblem(error)} />}
        {verdict?.whole && (
          <p className="audit-whole">
            <ShieldCheck size={14} aria-hidden /> {t("whole", { entries: formatNumber(verdict.entries, language), checkpoints: formatNumber(verdict.checkpoints, language) })}
          </p>
        )}
        {verdict && !verdict.whole && (
          <div className="audit-broken">
            <p>
              <ShieldAlert size={14} aria-hidden /> <strong>{t("notWhole")}</strong> {t("wholeUpTo", { n: formatNumber(verdict.entries, language) })}
            </p>
            <ul>
              {verdict.faults.slice(0, SHOWN).map((fault, at) => (
                <li key={at} className="mono">
                  {fault.message}
                </li>
              ))}
            </ul>
            {verdict.faultCount > SHOWN && <p className="muted">{t("moreFaults", { n: verdict.faultCount - SHOWN })}</p>}
            <p className="muted">
              <Ticked text={t("notWholeHint")} />
            </p>
          </div>
        )}
      </div>
    </div>
  );
}
