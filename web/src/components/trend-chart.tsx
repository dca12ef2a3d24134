import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { formatExact, formatShort } from "@/lib/format.ts";
import { useLanguage } from "@/lib/language.ts";
import { useTheme } from "@/lib/theme.ts";
import "./trend-chart.css";

interface Point {
  /** Seconds since 1970. */
  at: number;
  value: number;
  /** Stands out: a threshold was passed. */
  isMarked: boolean;
}

interface Props {
  label: string;
  name: string;
  limitName: string;
  /** Oldest first. */
  points: readonly Point[];
  /** Values that are drawn as lines across. */
  limits: readonly number[];
}

const HEIGHT = 220;

/** How moments stand below the chart: from so many seconds between two on, with a second line where the day changes. */
const DAY = "\n{YYYY}-{MM}-{DD}";
const TIMES: uPlot.Axis.Values = [
  [31_536_000, "{YYYY}", null, null, null, null, null, null, 1],
  [2_419_200, "{YYYY}-{MM}", null, null, null, null, null, null, 1],
  [86_400, "{MM}-{DD}", "\n{YYYY}", null, null, null, null, null, 1],
  [60, "{HH}:{mm}", DAY, null, "\n{MM}-{DD}", null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", DAY, null, "\n{MM}-{DD}", null, null, null, 1],
  [0.001, ":{ss}.{fff}", `${DAY} {HH}:{mm}`, null, `${DAY} {HH}:{mm}`, null, "\n{HH}:{mm}", null, 1],
];

/** A value over time beside its limits. Loaded on demand: the library for it is in no other page. */
export function TrendChart({ label, name, limitName, points, limits }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const language = useLanguage((state) => state.language);
  const theme = useTheme((state) => state.theme);
  useEffect(() => {
    const host = place.current;
    if (!host) return undefined;
    const color = (token: string) => getComputedStyle(document.documentElement).getPropertyValue(token).trim();
    const at = points.map((point) => point.at);
    const axis = { stroke: color("--ink-2"), grid: { stroke: color("--line"), width: 1 }, ticks: { stroke: color("--line"), width: 1 }, font: `11px ${color("--font")}` };
    const chart = new uPlot(
      {
        width: host.clientWidth || 600,
        height: HEIGHT,
        legend: { live: true },
        cursor: { y: false, drag: { x: true, y: false } },
        scales: {
          y: {
            // Limits are always in view, and so is nothing at all.
            range: (_, low, high) => {
              const most = Math.max(high ?? 0, ...limits, 0);
              const least = Math.min(low ?? 0, ...limits, 0);
              const room = (most - least || 1) * 0.08;
              return [least === 0 ? 0 : least - room, most + room];
            },
          },
        },
        series: [
          { label: "\u00a0", value: (_, seconds) => (seconds === null || seconds === undefined ? "" : formatExact(new Date(seconds * 1000), language)) },
          {
            label: name,
            stroke: color("--accent"),
            width: 1.5,
            points: { show: points.length < 120, size: 5 },
            value: (_, value) => (value === null || value === undefined ? "" : formatShort(value, language)),
          },
          { label: "!", stroke: color("--amber"), width: 0, points: { show: true, size: 9, fill: color("--amber") }, value: () => "" },
          ...limits.map((limit) => ({ label: limitName, stroke: color("--red"), dash: [4, 4], width: 1, points: { show: false }, value: () => formatShort(limit, language) })),
        ],
        axes: [{ ...axis, values: TIMES }, { ...axis, size: 56, values: (_, values) => values.map((value) => formatShort(value, language)) }],
      },
      [at, points.map((point) => point.value), points.map((point) => (point.isMarked ? point.value : null)), ...limits.map((limit) => at.map(() => limit))],
      host,
    );
    const observer = new ResizeObserver(() => chart.setSize({ width: host.clientWidth, height: HEIGHT }));
    observer.observe(host);
    return () => {
      observer.disconnect();
      chart.destroy();
    };
  }, [points, limits, name, limitName, language, theme]);
  return <div ref={place} className="trend-chart" role="img" aria-label={label} />;
}
