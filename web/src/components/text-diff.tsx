import { useMemo } from "react";
import { diffLines, type DiffLine } from "@/lib/line-diff.ts";
import "./text-diff.css";

const CONTEXT = 3;

/** Two texts, line by line: what is gone, and what is new. Long stretches of equal lines are left out. */
export function TextDiff({ before, after, label }: { before: string; after: string; label: string }) {
  const lines = useMemo(() => diffLines(before, after), [before, after]);
  const near = useMemo(() => lines.map((_, at) => lines.slice(Math.max(0, at - CONTEXT), at + CONTEXT + 1).some((line) => line.kind !== "same")), [lines]);
  const shown: (DiffLine | null)[] = [];
  lines.forEach((line, at) => {
    if (near[at]) shown.push(line);
    else if (shown.at(-1) !== null) shown.push(null);
  });
  return (
    <div className="text-diff mono" role="region" aria-label={label} tabIndex={0}>
      {shown.map((line, at) =>
        line === null ? (
          <div key={at} className="text-diff-gap">
            …
          </div>
        ) : (
          <div key={at} className={`text-diff-${line.kind}`}>
            <span aria-hidden>{line.kind === "gone" ? "−" : line.kind === "new" ? "+" : " "}</span>
            {line.kind === "gone" ? <del>{line.text}</del> : line.kind === "new" ? <ins>{line.text}</ins> : line.text}
          </div>
        ),
      )}
    </div>
  );
}
