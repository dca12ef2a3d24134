/** What a state means; colors and icons follow from it. */
export type Tone = "idle" | "waiting" | "running" | "good" | "warned" | "bad" | "stopped" | "skipped";
