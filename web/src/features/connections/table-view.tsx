import { ArrowLeft, Copy, KeyRound, SquareTerminal } from "lucide-react";
import type { ReactNode } from "react";
import { useNavigate } from "react-router";
import { Button } from "@/components/button.tsx";
import "@/components/data-table.css";
import { Skeleton } from "@/components/empty.tsx";
import { IconButton } from "@/components/icon-button.tsx";
import { Notice } from "@/components/notice.tsx";
import { tell } from "@/components/toast.tsx";
import { useData } from "@/graphql/client.ts";
import type { TableShapeQuery } from "@/graphql/generated/graphql.ts";
import { asProblem } from "@/graphql/problem.ts";
import { useWords } from "@/lib/language.ts";
import { TableShape } from "./operations.ts";
import { words } from "./words.ts";

type Shape = TableShapeQuery["table"];

/** One table as its system describes it: columns with types, keys, indexes, and about how many rows. */
export function TableView({ connection, table, onBack }: { connection: string; table: string; onBack: () => void }) {
  const t = useWords(words);
  const navigate = useNavigate();
  const { data, error, isFetching, refetch } = useData(TableShape, { connection, table }, { staleTime: 30_000, retry: false });
  const shape = data?.table;
  return (
    <>
      <header className="schema-head">
        <IconButton icon={ArrowLeft} label={t("tables")} className="narrow-only" onClick={onBack} />
        <h2 className="mono cut" title={table}>
          {table}
        </h2>
        <IconButton
          icon={Copy}
          label={t("copy")}
          onClick={() => void navigator.clipboard.writeText(table).then(() => tell(t("copied", { name: table })))}
        />
        {shape && (
          <span className="muted">{typeof shape.rowEstimate === "number" ? t("rows", { n: shape.rowEstimate }) : t("rowsUnknown")}</span>
        )}
        <span className="grow" />
        <Button icon={SquareTerminal} onClick={() => void navigate(`/console?connection=${connection}&table=${encodeURIComponent(table)}`)}>
          {t("query")}
        </Button>
      </header>
      {shape?.comment && <p className="muted schema-comment">{shape.comment}</p>}
      {error && !shape && (
        <div className="schema-comment">
          <Notice
            problem={asProblem(error)}
            action={
              <Button isBusy={isFetching} onClick={() => void refetch()}>
                {t("again")}
              </Button>
            }
          />
        </div>
      )}
      {!shape && !error && <Skeleton height={32} rows={8} />}
      {shape && <Columns shape={shape} />}
      {shape && (
        <div className="schema-more">
          {shape.indexes && (
            <Block title={t("indexes")} empty={t("noIndexes")}>
              {shape.indexes.map((index) => (
                <li key={index.name}>
                  <span className="mono">{index.name}</span>
                  <span className="mono muted">({index.columns.join(", ")})</span>
                  {index.unique && <span className="tag">{t("unique")}</span>}
                </li>
              ))}
            </Block>
          )}
          {shape.foreignKeys && (
            <Block title={t("foreignKeys")} empty={t("noForeignKeys")}>
              {shape.foreignKeys.map((one) => (
                <li key={one.name}>
                  <span className="mono">({one.columns.join(", ")})</span>
                  <span aria-hidden>→</span>
                  <span className="mono">
                    {one.references} ({one.referencedColumns.join(", ")})
                  </span>
                </li>
              ))}
            </Block>
          )}
        </div>
      )}
    </>
  );
}

function Columns({ shape }: { shape: Shape }) {
  const t = useWords(words);
  const hasComments = shape.columns.some((column) => column.comment);
  return (
    <div className="schema-columns" role="region" aria-label={t("columns")} tabIndex={0}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{t("column")}</th>
            <th scope="col">{t("type")}</th>
            <th scope="col">{t("nullable")}</th>
            <th scope="col">{t("default")}</th>
            {hasComments && <th scope="col">{t("comment")}</th>}
          </tr>
        </thead>
        <tbody>
          {shape.columns.map((column) => (
            <tr key={column.name} style={{ height: 32 }}>
              <td>
                <span className="row">
                  <span className="mono">{column.name}</span>
                  {shape.key.includes(column.name) && (
                    <span className="tag schema-key">
                      <KeyRound size={10} aria-hidden /> {t("key")}
                    </span>
                  )}
                  {column.isTag && <span className="tag">{t("tag")}</span>}
                </span>
              </td>
              <td className="mono">{column.nativeType}</td>
              <td className={column.nullable ? "" : "muted"}>{column.nullable ? t("allowed") : t("notAllowed")}</td>
              <td className="mono muted" title={column.default ?? undefined}>
                {column.default}
              </td>
              {hasComments && <td title={column.comment ?? undefined}>{column.comment}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Block({ title, empty, children }: { title: string; empty: string; children: ReactNode[] }) {
  return (
    <section>
      <h3>{title}</h3>
      {children.length > 0 ? <ul>{children}</ul> : <p className="muted">{empty}</p>}
    </section>
  );
}
