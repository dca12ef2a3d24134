import { Hint } from "@/components/hint.tsx";
import { Status } from "@/components/status.tsx";
import { Moment } from "@/components/time.tsx";
import type { ConnectionRowFragment } from "@/graphql/generated/graphql.ts";
import { useWords } from "@/lib/language.ts";
import { words } from "./words.ts";

/** How the last test went; what the system said where the pointer rests. */
export function TestState({ test }: { test: ConnectionRowFragment["lastTest"] }) {
  const t = useWords(words);
  if (!test) return <Status tone="idle">{t("untested")}</Status>;
  return (
    <span className="row">
      <Hint text={[test.message, test.hint].filter(Boolean).join(" ")}>
        <span tabIndex={0} role="note" className="test-state" aria-label={`${test.ok ? t("answers") : t("fails")}: ${test.message}`}>
          <Status tone={test.ok ? "good" : "bad"}>{test.ok ? t("answers") : t("fails")}</Status>
        </span>
      </Hint>
      <span className="muted wide">
        <Moment at={test.at} />
      </span>
    </span>
  );
}
