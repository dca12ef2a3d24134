/** Pinned results: what steps gave in a trial, kept in this browser, so that further trials need not run them again. */
import { keep, kept } from "@/lib/storage.ts";

/** What left a port, as a trial told it. */
export interface PinnedPort {
  port: string;
  columns: readonly { name: string; nativeType: string }[];
  /** JSON text, as the server sent it: large numbers would not survive being read. */
  rows: string;
}

/** By step. */
export type Pins = Readonly<Record<string, readonly PinnedPort[]>>;

export function readPins(workflow: string): Pins {
  try {
    const value: unknown = JSON.parse(kept(`pins.${workflow}`) ?? "{}");
    return typeof value === "object" && value !== null ? (value as Pins) : {};
  } catch {
    return {};
  }
}

/** Keeps them where there is room; where there is none they last as long as the page. */
export function keepPins(workflow: string, pins: Pins): void {
  keep(`pins.${workflow}`, Object.keys(pins).length > 0 ? JSON.stringify(pins) : null);
}

/** The pins of steps that the document has, as the server takes them. */
export function sendable(pins: Pins, steps: readonly string[]) {
  return steps.flatMap((step) =>
    (pins[step] ?? []).map(({ port, columns, rows }) => ({
      step,
      port,
      columns: columns.map(({ name, nativeType }) => ({ name, nativeType })),
      rows,
    })),
  );
}
