import { useNow } from "@/components/time.tsx";
import { ToneIcon } from "@/components/status.tsx";
import { formatSpan } from "@/lib/format.ts";
import { pick, useLanguage, useWords } from "@/lib/language.ts";
import { isOver, STEP_STATUS } from "@/lib/run-status.ts";
import type { RunView } from "./live-run.ts";
import { words } from "./words.ts";

/** When each step ran, as bars from the run's start to its end. */
export function Timeline({ run, chosen, onChoose }: { run: RunView; chosen: string | null; onChoose: (step: string) => void }) {
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  const now = useNow(500, !isOver(run.status)).getTime();
  if (!run.startedAt) return <p className="run-none muted">{t("notStarted")}</p>;
  const start = new Date(run.startedAt).getTime();
  const end = Math.max(start + 1, run.finishedAt ? new Date(run.finishedAt).getTime() : now);
  const share = (moment: number) => `${Math.min(100, Math.max(0, (100 * (moment - start)) / (end - start)))}%`;
  const marks = [0, 0.25, 0.5, 0.75, 1];
  return (
    <div className="timeline">
      <div className="timeline-scale" aria-hidden>
        {marks.map((mark) => (
          <span key={mark} style={{ left: `${mark * 100}%` }}>
            {formatSpan((end - start) * mark)}
          </span>
        ))}
      </div>
      {run.steps.map((step) => {
        const { tone, word } = STEP_STATUS[step.status];
        const from = step.startedAt ? new Date(step.startedAt).getTime() : undefined;
        const to = step.finishedAt ? new Date(step.finishedAt).getTime() : from === undefined || isOver(run.status) ? from : now;
        return (
          <button key={step.id} type="button" className={`timeline-row tone-${tone}`} aria-pressed={step.id === chosen} onClick={() => onChoose(step.id)}>
            <span className="timeline-name cut">
              <ToneIcon tone={tone} size={13} />
              {step.id}
            </span>
            <span className="timeline-track">
              {from !== undefined && to !== undefined ? (
                <span className="timeline-bar" style={{ left: share(from), width: `max(3px, calc(${share(to)} - ${share(from)}))` }} />
              ) : (
                <span className="muted">{pick(word, language)}</span>
              )}
            </span>
            <span className="timeline-span number">{from !== undefined && to !== undefined ? formatSpan(to - from) : ""}</span>
          </button>
        );
      })}
    </div>
  );
}
