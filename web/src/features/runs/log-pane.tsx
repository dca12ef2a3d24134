/** The run's log: follows its end until one scrolls up, filters by step, level and text, and draws only what is seen. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, Download } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { Button } from "@/components/button.tsx";
import { Select, TextInput } from "@/components/field.tsx";
import { download } from "@/lib/download.ts";
import { formatClock } from "@/lib/format.ts";
import { useWords } from "@/lib/language.ts";
import type { LogLine, RunView } from "./live-run.ts";
import type { RunLines } from "./run-lines.ts";
import { words } from "./words.ts";

const LEVELS = ["error", "warn", "info", "debug"] as const;

export function LogPane({ run, log: { lines, earlier } }: { run: RunView; log: RunLines }) {
  const t = useWords(words);
  const [wanted, setWanted] = useState("");
  const [step, setStep] = useState("");
  const [level, setLevel] = useState("");
  const [follows, setFollows] = useState(true);
  const scroller = useRef<HTMLDivElement>(null);
  const shown = useMemo(() => {
    const needle = wanted.toLowerCase();
    if (step === "" && level === "" && needle === "") return lines;
    return lines.filter(
      (line) =>
        (step === "" || line.step === step) && (level === "" || line.level === level) && (needle === "" || line.message.toLowerCase().includes(needle)),
    );
  }, [lines, wanted, step, level]);
  const virtual = useVirtualizer({
    count: shown.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 20,
    overscan: 30,
  });
  useEffect(() => {
    if (follows && shown.length > 0) virtual.scrollToIndex(shown.length - 1, { align: "end" });
  }, [follows, shown.length, virtual]);
  return (
    <div className="logs">
      <div className="bar">
        <TextInput type="search" className="find" aria-label={t("filterLogs")} placeholder={t("filterLogs")} value={wanted} onChange={(event) => setWanted(event.target.value)} />
        <Select className="logs-select" aria-label={t("step")} value={step} onChange={(event) => setStep(event.target.value)}>
          <option value="">{t("allSteps")}</option>
          {run.steps.map((one) => (
            <option key={one.id}>{one.id}</option>
          ))}
        </Select>
        <Select className="logs-select" aria-label={t("allLevels")} value={level} onChange={(event) => setLevel(event.target.value)}>
          <option value="">{t("allLevels")}</option>
          {LEVELS.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </Select>
        <span className="muted grow">
          {t("lines", { n: shown.length })}
          {earlier > 0 && ` ${t("earlier", { n: earlier })}`}
        </span>
        <Button icon={Download} disabled={lines.length === 0} onClick={() => download(`${run.id}.log`, lines.map(spell).join("\n"))}>
          {t("download")}
        </Button>
      </div>
      <div
        ref={scroller}
        className="logs-lines mono"
        tabIndex={0}
        role="log"
        aria-label={t("logs")}
        onScroll={(event) => {
          const { scrollTop, clientHeight, scrollHeight } = event.currentTarget;
          setFollows(scrollTop + clientHeight > scrollHeight - 30);
        }}
      >
        {shown.length === 0 && <p className="run-none muted">{lines.length === 0 ? t("noLogs") : t("noLogsMatch")}</p>}
        <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {virtual.getVirtualItems().map((item) => {
            const line = shown[item.index];
            if (!line) return null;
            return (
              <div key={item.key} ref={virtual.measureElement} data-index={item.index} className={`log log-${line.level}`} style={{ transform: `translateY(${item.start}px)` }}>
                <time dateTime={line.at}>{formatClock(new Date(line.at))}</time>
                <span className="log-level">{line.level}</span>
                <span className="log-step cut">{line.step}</span>
                <span className="log-message">{line.message}</span>
              </div>
            );
          })}
        </div>
      </div>
      {!follows && shown.length > 0 && (
        <Button className="logs-latest" icon={ArrowDown} onClick={() => setFollows(true)}>
          {t("latest")}
        </Button>
      )}
    </div>
  );
}

function spell(line: LogLine): string {
  return [line.at, line.level, line.step ?? "-", line.message].join(" ");
}
