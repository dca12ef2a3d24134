import { formatNumber } from "@/lib/format.ts";
import { useLanguage, useWords } from "@/lib/language.ts";
import { KIND } from "./difference-grid.tsx";
import type { Kind } from "./differences.ts";
import { words } from "./words.ts";

export interface Counts {
  missing: number;
  extra: number;
  changed: number;
  equal: number;
  leftRows: number;
  rightRows: number;
  percent: number;
}

const KINDS: readonly Kind[] = ["MISSING", "EXTRA", "CHANGED"];

/** What was counted. A kind's number filters the rows to that kind. */
export function Totals({ counts, kind, onKind }: { counts: Counts; kind: string; onKind: (kind: string | null) => void }) {
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  const share = (count: number) => {
    const most = Math.max(counts.leftRows, counts.rightRows);
    return most === 0 ? "" : `${percent((100 * count) / most, language)} %`;
  };
  return (
    <div className="diff-totals">
      {KINDS.map((one) => {
        const { word, tone, sign } = KIND[one];
        return (
          <button key={one} type="button" className={`diff-total tone-${tone}`} aria-pressed={kind === one} onClick={() => onKind(kind === one ? null : one)}>
            <span className="diff-total-name">
              <span aria-hidden>{sign}</span> {t(word)} <span className="muted">{t(`${word}Help`)}</span>
            </span>
            <span className="diff-total-number">{formatNumber(counts[word], language)}</span>
            <span className="muted">{share(counts[word])}</span>
          </button>
        );
      })}
      <dl className="diff-facts-list">
        {(["equal", "leftRows", "rightRows"] as const).map((name) => (
          <div key={name}>
            <dt>{t(name)}</dt>
            <dd>{formatNumber(counts[name], language)}</dd>
          </div>
        ))}
        <div>
          <dt>{t("percent")}</dt>
          <dd>{percent(counts.percent, language)} %</dd>
        </div>
      </dl>
    </div>
  );
}

/** Little is not nothing: what rounds to 0 says that it is below. */
function percent(value: number, language: "en" | "zh"): string {
  if (value > 0 && value < 0.01) return "< 0.01";
  return formatNumber(value, language);
}
