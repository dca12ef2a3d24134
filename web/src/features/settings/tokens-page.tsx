import { createColumnHelper } from "@tanstack/react-table";
import { KeyRound, Plus, Trash2 } from "lucide-react";
import { useMemo, useState } from "react";
import { Button } from "@/components/button.tsx";
import { DataTable } from "@/components/data-table.tsx";
import { Empty, Skeleton } from "@/components/empty.tsx";
import { IconButton } from "@/components/icon-button.tsx";
import { Notice, Ticked } from "@/components/notice.tsx";
import { Moment } from "@/components/time.tsx";
import { tell } from "@/components/toast.tsx";
import { useChange, useData } from "@/graphql/client.ts";
import type { TokenListQuery } from "@/graphql/generated/graphql.ts";
import { asProblem } from "@/graphql/problem.ts";
import { useSession } from "@/graphql/session.ts";
import { useWords } from "@/lib/language.ts";
import { RevokeToken, TokenList } from "./people-operations.ts";
import { words } from "./people-words.ts";
import { SettingsPage } from "./settings-page.tsx";
import { TokenDialog } from "./token-dialog.tsx";
import { usePeople } from "./use-people.ts";
import { useAll, Whose } from "./whose.tsx";

const column = createColumnHelper<TokenListQuery["tokens"]["nodes"][number]>();

/** Tokens for scripts: made here, shown once, revoked. */
export function TokensPage() {
  const t = useWords(words);
  const isAll = useAll();
  const nameOf = usePeople();
  const isPerson = useSession((state) => state.who?.user !== null);
  const [isMaking, setMaking] = useState(false);
  const { data, error } = useData(TokenList, { all: isAll }, { retry: false });
  const revoke = useChange(RevokeToken, { onError: (fault) => tell(fault.message, { isBad: true }) });
  const columns = useMemo(
    () => [
      column.accessor("name", {
        header: t("tokenFor"),
        cell: ({ row, getValue }) => (
          <span className="row">
            <span className="row-name">{getValue()}</span>
            {row.original.readOnly && <span className="tag">{t("readOnlyTag")}</span>}
          </span>
        ),
      }),
      ...(isAll ? [column.accessor((row) => nameOf(row.userId), { id: "person", header: t("person"), cell: ({ getValue }) => getValue() })] : []),
      column.accessor("role", { header: t("tokenRole"), cell: ({ getValue }) => t(getValue()) }),
      column.accessor((row) => row.usedAt ?? "", {
        id: "used",
        header: t("used"),
        meta: { isWide: true },
        cell: ({ row }) => (row.original.usedAt ? <Moment at={row.original.usedAt} /> : <span className="muted">{t("never")}</span>),
      }),
      column.accessor((row) => row.expiresAt ?? "", {
        id: "ends",
        header: t("ends"),
        meta: { isWide: true },
        cell: ({ row }) => (row.original.expiresAt ? <Moment at={row.original.expiresAt} /> : <span className="muted">{t("neverEnds")}</span>),
      }),
      column.display({
        id: "actions",
        header: () => <span className="only-read">{t("revoke", { name: "" })}</span>,
        cell: ({ row: { original } }) => (
          <div className="row row-end">
            <IconButton
              icon={Trash2}
              label={t("revoke", { name: original.name })}
              onClick={() => revoke.mutate({ id: original.id }, { onSuccess: () => tell(t("revoked", { name: original.name })) })}
            />
          </div>
        ),
      }),
    ],
    // What revokes a token stays the same.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [t, isAll, nameOf],
  );
  const rows = data?.tokens.nodes ?? [];
  return (
    <SettingsPage
      title={t("tokens")}
      actions={
        isPerson && (
          <Button tone="main" icon={Plus} onClick={() => setMaking(true)}>
            {t("newToken")}
          </Button>
        )
      }
    >
      <p className="settings-note">
        <Ticked text={t("tokensText")} />
      </p>
      <Whose />
      {error && !data && (
        <div className="bar">
          <div className="grow">
            <Notice problem={asProblem(error)} />
          </div>
        </div>
      )}
      {!data && !error && <Skeleton />}
      {data && rows.length === 0 && <Empty icon={KeyRound} title={t("noTokens")} />}
      {rows.length > 0 && <DataTable label={t("tokens")} rows={rows} columns={columns} rowKey={(row) => row.id} rowHeight={40} />}
      {isMaking && <TokenDialog onClose={() => setMaking(false)} />}
    </SettingsPage>
  );
}
