import { CircleAlert, Copy } from "lucide-react";
import type { ReactNode } from "react";
import { useWords } from "@/lib/language.ts";
import { IconButton } from "./icon-button.tsx";
import "./notice.css";

/** What an error of the one shape has to say. */
export interface Said {
  code: string;
  message: string;
  hint?: string | null | undefined;
  line?: number | null | undefined;
  column?: number | null | undefined;
}

const words = {
  line: ["line {line}", "第 {line} 行"],
  copy: ["Copy error", "复制错误"],
} as const;

interface Props {
  problem: Said;
  /** One button that goes where it can be mended. */
  action?: ReactNode;
  /** What the message is about, before it: a step. */
  place?: string | undefined;
}

/** What is wrong, where, and what to do about it. */
export function Notice({ problem, action, place }: Props) {
  const t = useWords(words);
  return (
    <div className="notice" role="alert">
      <CircleAlert size={16} aria-hidden />
      <div className="grow">
        <p className={`notice-message ${place ? "" : "notice-first"}`}>
          {place && <strong>{place}: </strong>}
          <Ticked text={problem.message} />
          {problem.line ? <span className="muted"> · {t("line", { line: problem.line })}</span> : null}
        </p>
        {problem.hint && (
          <p className="notice-hint">
            <Ticked text={problem.hint} />
          </p>
        )}
        <p className="notice-code mono">{problem.code}</p>
      </div>
      {action}
      <IconButton
        icon={Copy}
        label={t("copy")}
        onClick={() => void navigator.clipboard.writeText([problem.code, problem.message, problem.hint].filter(Boolean).join("\n"))}
      />
    </div>
  );
}

/** Text whose names in backticks stand in the code's letters. */
export function Ticked({ text }: { text: string }) {
  // Every second part stood between backticks; its place is its identity.
  return text.split("`").map((part, place) => (place % 2 === 1 ? <code key={place}>{part}</code> : part));
}
