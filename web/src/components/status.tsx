import { Ban, Check, Circle, CircleDashed, Clock, LoaderCircle, SkipForward, TriangleAlert, X, type LucideIcon } from "lucide-react";
import type { Tone } from "@/lib/tone.ts";
import "./status.css";


const ICONS: Record<Tone, LucideIcon> = {
  idle: Circle,
  waiting: Clock,
  running: LoaderCircle,
  good: Check,
  warned: TriangleAlert,
  bad: X,
  stopped: Ban,
  skipped: SkipForward,
};

export function ToneIcon({ tone, size = 14 }: { tone: Tone; size?: number }) {
  const Icon = ICONS[tone] ?? CircleDashed;
  return <Icon size={size} className={`tone-icon tone-${tone}`} aria-hidden />;
}

/** A state with its icon and word. */
export function Status({ tone, children }: { tone: Tone; children: string }) {
  return (
    <span className={`status tone-${tone}`}>
      <ToneIcon tone={tone} size={12} />
      {children}
    </span>
  );
}
