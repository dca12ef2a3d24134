import { useEffect, useState } from "react";
import { formatExact, formatRelative } from "@/lib/format.ts";
import { useLanguage } from "@/lib/language.ts";
import { Hint } from "./hint.tsx";

/** A moment, told by how long ago it was; the exact one with its zone where the pointer rests. */
export function Moment({ at }: { at: string }) {
  const language = useLanguage((state) => state.language);
  const now = useNow(15_000);
  const moment = new Date(at);
  return (
    <Hint text={formatExact(moment, language)}>
      <time dateTime={at} className="moment">
        {formatRelative(moment, now, language)}
      </time>
    </Hint>
  );
}

/** This moment, told anew every so many milliseconds while `isOn`. */
export function useNow(every: number, isOn = true): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    if (!isOn) return undefined;
    const timer = setInterval(() => setNow(new Date()), every);
    return () => clearInterval(timer);
  }, [every, isOn]);
  return now;
}
