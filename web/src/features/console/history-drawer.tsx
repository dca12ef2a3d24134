import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "@/components/button.tsx";
import { Dialog } from "@/components/dialog.tsx";
import { Skeleton } from "@/components/empty.tsx";
import { Switch } from "@/components/field.tsx";
import { Notice } from "@/components/notice.tsx";
import { Status } from "@/components/status.tsx";
import { Moment } from "@/components/time.tsx";
import { keyOf, request } from "@/graphql/client.ts";
import { asProblem } from "@/graphql/problem.ts";
import { formatSpan } from "@/lib/format.ts";
import { pick, useLanguage, useWords, type Words } from "@/lib/language.ts";
import type { Tone } from "@/lib/tone.ts";
import { StatementHistory } from "./operations.ts";
import { outcomes, words } from "./words.ts";

const TONES: Record<string, Tone> = { running: "running", succeeded: "good", refused: "warned", failed: "bad", canceled: "stopped", timed_out: "bad", interrupted: "stopped" };

interface Props {
  connection: string;
  onClose: () => void;
  onOpen: (connection: string, sql: string) => void;
}

/** Statements that were asked, newest first; one of them opens in a tab again. */
export function HistoryDrawer({ connection, onClose, onOpen }: Props) {
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  const [isAll, setAll] = useState(connection === "");
  const of = isAll ? null : connection;
  const { data, error, hasNextPage, fetchNextPage, isFetching } = useInfiniteQuery({
    queryKey: [...keyOf(StatementHistory), of],
    queryFn: ({ pageParam, signal }) => request(StatementHistory, { connection: of, after: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => (last.statements.pageInfo.hasNextPage ? last.statements.pageInfo.endCursor : undefined),
  });
  const statements = data?.pages.flatMap((page) => page.statements.nodes) ?? [];
  return (
    <Dialog title={t("history")} description={t("historyOf")} closeLabel={t("close")} kind="drawer" onClose={onClose}>
      <div className="stack">
        {connection !== "" && <Switch label={t("historyAll")} isOn={isAll} onChange={setAll} />}
        {error && !data && <Notice problem={asProblem(error)} />}
        {!data && !error && <Skeleton height={56} />}
        {data && statements.length === 0 && <p className="muted">{t("historyNone")}</p>}
        <ul className="asked">
          {statements.map((one) => {
            const word = (outcomes as Words)[one.outcome];
            return (
              <li key={one.id}>
                <button type="button" className="asked-one" title={t("openAgain")} onClick={() => onOpen(one.connection, one.sql)}>
                  <code className="asked-sql">{one.sql}</code>
                  <span className="row muted asked-facts">
                    <Status tone={TONES[one.outcome] ?? "idle"}>{word ? pick(word, language) : one.outcome}</Status>
                    <span>{one.connection}</span>
                    {typeof one.rows === "number" && <span>{t("rows", { n: one.rows })}</span>}
                    {typeof one.durationMs === "number" && <span>{formatSpan(one.durationMs)}</span>}
                    {one.errorCode && <span className="mono">{one.errorCode}</span>}
                    <span className="grow" />
                    <Moment at={one.startedAt} />
                  </span>
                </button>
              </li>
            );
          })}
        </ul>
        {hasNextPage && (
          <Button isBusy={isFetching} onClick={() => void fetchNextPage()}>
            {t("older")}
          </Button>
        )}
      </div>
    </Dialog>
  );
}
