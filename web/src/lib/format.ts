/** Numbers, spans and moments as people read them, in the language of the screen. */
import { locale, type Language } from "./language.ts";

export function formatNumber(value: number, language: Language): string {
  return value.toLocaleString(locale(language), { maximumFractionDigits: 2 });
}

/** `5,105`, `1.2M`: short where space is little. */
export function formatShort(value: number, language: Language): string {
  if (Math.abs(value) < 100_000) return formatNumber(value, language);
  return value.toLocaleString(locale(language), { notation: "compact", maximumFractionDigits: 1 });
}

/** `340 ms`, `2.1 s`, `3 m 05 s`, `1 h 02 m`. */
export function formatSpan(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  const seconds = Math.round(ms / 1000);
  const two = (value: number) => String(value).padStart(2, "0");
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${two(seconds % 60)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} m`;
  const hours = Math.round(minutes / 60);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

const UNITS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1000],
];

/** `5 minutes ago`, `in 3 hours`. */
export function formatRelative(moment: Date, now: Date, language: Language): string {
  const difference = moment.getTime() - now.getTime();
  const format = new Intl.RelativeTimeFormat(locale(language), { numeric: "auto", style: "short" });
  for (const [unit, size] of UNITS) {
    // A day is not told before there are two: "tomorrow" would be wrong for what is 37 hours away.
    if (Math.abs(difference) >= (unit === "day" ? 2 * size : size) || unit === "second") return format.format(Math.trunc(difference / size), unit);
  }
  return format.format(0, "second");
}

/** `2026-01-31 15:30:00 GMT+8`: always with its zone. */
export function formatExact(moment: Date, language: Language): string {
  const parts = new Intl.DateTimeFormat(locale(language), {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hour12: false,
    timeZoneName: "short",
  }).formatToParts(moment);
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((found) => found.type === type)?.value ?? "";
  return `${part("year")}-${part("month")}-${part("day")} ${part("hour")}:${part("minute")}:${part("second")} ${part("timeZoneName")}`;
}

/** `15:30:00.123`, for logs. */
export function formatClock(moment: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const ms = String(moment.getMilliseconds()).padStart(3, "0");
  return `${two(moment.getHours())}:${two(moment.getMinutes())}:${two(moment.getSeconds())}.${ms}`;
}

const SIZES = ["B", "kB", "MB", "GB", "TB", "PB"];

/** `246 MB`: what people say of sizes, by thousands. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 999.5 && unit < SIZES.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${SIZES[unit] ?? ""}`;
}
