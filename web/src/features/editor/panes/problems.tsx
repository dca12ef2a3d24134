import { Check, CircleAlert, LoaderCircle } from "lucide-react";
import { useState } from "react";
import { Ticked } from "@/components/notice.tsx";
import { useWords } from "@/lib/language.ts";
import type { StepView } from "../document/read.ts";
import { useEditor } from "../document/store.ts";
import { words } from "../words.ts";
import "./problems.css";

/** What the server's checker says of the text, at the foot of the editor; a click goes there. */
export function Problems({ isChecking, steps }: { isChecking: boolean; steps: readonly StepView[] }) {
  const t = useWords(words);
  const { problems, select } = useEditor();
  const [isOpen, setOpen] = useState(false);
  return (
    <footer className="problems">
      <button type="button" className="problems-head" aria-expanded={isOpen && problems.length > 0} disabled={problems.length === 0} onClick={() => setOpen(!isOpen)}>
        {isChecking ? (
          <LoaderCircle size={13} aria-hidden />
        ) : problems.length ? (
          <CircleAlert size={13} className="problems-bad" aria-hidden />
        ) : (
          <Check size={13} className="problems-good" aria-hidden />
        )}
        <span role="status">{isChecking ? t("checking") : problems.length ? t("problems", { n: problems.length }) : t("noProblems")}</span>
      </button>
      {isOpen && problems.length > 0 && (
        <ul className="problems-list">
          {problems.map((problem, at) => {
            const step = steps.find((one) => problem.path?.startsWith(`steps.${one.key}`)) ?? steps.find((one) => one.firstLine <= (problem.line ?? 0) && (problem.line ?? 0) <= one.lastLine);
            return (
              <li key={at}>
                <button type="button" onClick={() => step && select([step.key])}>
                  <span className="muted number">{problem.line}</span>
                  <span>
                    <Ticked text={problem.message} />
                    {problem.hint && (
                      <span className="muted">
                        {" "}
                        · <Ticked text={problem.hint} />
                      </span>
                    )}
                  </span>
                </button>
              </li>
            );
          })}
        </ul>
      )}
    </footer>
  );
}
