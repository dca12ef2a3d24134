import "@/components/data-table.css";
import { Dialog } from "@/components/dialog.tsx";
import { Skeleton } from "@/components/empty.tsx";
import { Notice } from "@/components/notice.tsx";
import { Segments } from "@/components/segments.tsx";
import { Status } from "@/components/status.tsx";
import { Moment } from "@/components/time.tsx";
import { useData } from "@/graphql/client.ts";
import type { TableLogStatusWord, TableLogWord } from "@/graphql/generated/graphql.ts";
import { asProblem } from "@/graphql/problem.ts";
import { useWords } from "@/lib/language.ts";
import type { Tone } from "@/lib/tone.ts";
import { TableLog } from "./operations.ts";
import { words } from "./words.ts";

const LOGS: readonly TableLogWord[] = ["OPERATION", "CREATION", "COLUMN", "VALIDATION"];
const TONE: Record<TableLogStatusWord, Tone> = { SUCCEEDED: "good", FAILED: "bad", SKIPPED: "skipped" };

/** The four logs about tables: who did what, when, by which statement. */
export function LogDrawer({ log, onLog, onClose }: { log: TableLogWord; onLog: (log: TableLogWord) => void; onClose: () => void }) {
  const t = useWords(words);
  const { data, error } = useData(TableLog, { filter: { log }, first: 200 }, { retry: false });
  return (
    <Dialog title={t("history")} closeLabel={t("close")} kind="drawer" width={860} onClose={onClose}>
      <div className="stack">
        <Segments label={t("log")} value={log} choices={LOGS.map((one) => ({ value: one, label: t(one) }))} onChange={onLog} />
        {error && <Notice problem={asProblem(error)} />}
        {!data && !error && <Skeleton />}
        {data?.tableLogs.nodes.length === 0 && <p className="muted">{t("noLog")}</p>}
        <ul className="tables-log">
          {data?.tableLogs.nodes.map((line) => (
            <li key={line.id}>
              <div className="row">
                <Status tone={TONE[line.status]}>{t(line.status)}</Status>
                <span>{line.subject}</span>
                <span className="mono cut">
                  {line.connection}:{line.table}
                </span>
                <span className="grow" />
                <span className="muted">{line.who}</span>
                <Moment at={line.at} />
              </div>
              {line.error && <Notice problem={line.error} />}
              {line.ddl && <pre className="muted">{line.ddl}</pre>}
            </li>
          ))}
        </ul>
      </div>
    </Dialog>
  );
}
