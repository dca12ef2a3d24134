import type { Tone } from "@/lib/tone.ts";
import { Hint } from "./hint.tsx";
import "./spark.css";

export interface SparkBar {
  id: string;
  tone: Tone;
  /** How tall, before scaling. */
  size: number;
  label: string;
}

/** The last few of something as bars: how they went by color, how long they took by height. Oldest first. */
export function Spark({ bars, label, count = 12 }: { bars: readonly SparkBar[]; label: string; count?: number }) {
  const shown = bars.slice(-count);
  const most = Math.max(1, ...shown.map((bar) => bar.size));
  return (
    <span className="spark" role="img" aria-label={`${label}: ${shown.map((bar) => bar.label).join(", ")}`}>
      {Array.from({ length: Math.max(0, count - shown.length) }, (_, place) => (
        <span key={place} className="spark-none" />
      ))}
      {shown.map((bar) => (
        <Hint key={bar.id} text={bar.label}>
          <span className={`spark-bar tone-${bar.tone}`} style={{ height: `${20 + (80 * bar.size) / most}%` }} />
        </Hint>
      ))}
    </span>
  );
}
