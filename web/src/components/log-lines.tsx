import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { formatClock } from "@/lib/format.ts";
import { Button } from "./button.tsx";
import "./log-lines.css";

interface Line {
  at: string;
  level: string;
  message: string;
}

interface Props {
  label: string;
  lines: readonly Line[];
  /** What stands there while there are none. */
  empty: string;
  /** The button that leads back to the end. */
  latest: string;
}

/** Lines of a log: follows their end until one scrolls up, and draws only what is seen. */
export function LogLines({ label, lines, empty, latest }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const [follows, setFollows] = useState(true);
  const virtual = useVirtualizer({ count: lines.length, getScrollElement: () => scroller.current, estimateSize: () => 20, overscan: 30 });
  useEffect(() => {
    if (follows && lines.length > 0) virtual.scrollToIndex(lines.length - 1, { align: "end" });
  }, [follows, lines.length, virtual]);
  return (
    <div className="log-lines">
      <div
        ref={scroller}
        className="log-lines-body mono"
        role="log"
        aria-label={label}
        tabIndex={0}
        onScroll={(event) => {
          const { scrollTop, clientHeight, scrollHeight } = event.currentTarget;
          setFollows(scrollTop + clientHeight > scrollHeight - 30);
        }}
      >
        {lines.length === 0 && <p className="muted log-lines-none">{empty}</p>}
        <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {virtual.getVirtualItems().map((item) => {
            const line = lines[item.index];
            if (!line) return null;
            return (
              <div key={item.key} ref={virtual.measureElement} data-index={item.index} className={`log-line log-line-${line.level}`} style={{ transform: `translateY(${item.start}px)` }}>
                <time dateTime={line.at}>{formatClock(new Date(line.at))}</time>
                <span className="log-line-level">{line.level}</span>
                <span>{line.message}</span>
              </div>
            );
          })}
        </div>
      </div>
      {!follows && lines.length > 0 && (
        <Button className="log-lines-latest" icon={ArrowDown} onClick={() => setFollows(true)}>
          {latest}
        </Button>
      )}
    </div>
  );
}
