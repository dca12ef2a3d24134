import { useInfiniteQuery } from "@tanstack/react-query";
import { createColumnHelper } from "@tanstack/react-table";
import { Archive, Plus } from "lucide-react";
import { useMemo } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { Button } from "@/components/button.tsx";
import { DataTable } from "@/components/data-table.tsx";
import { Empty, Skeleton } from "@/components/empty.tsx";
import { Select } from "@/components/field.tsx";
import { Notice, Ticked } from "@/components/notice.tsx";
import { Status } from "@/components/status.tsx";
import { Moment } from "@/components/time.tsx";
import { useConnections } from "@/graphql/catalog.ts";
import { request } from "@/graphql/client.ts";
import type { BackupListQuery } from "@/graphql/generated/graphql.ts";
import { asProblem } from "@/graphql/problem.ts";
import { useMay } from "@/graphql/session.ts";
import { formatBytes, formatSpan } from "@/lib/format.ts";
import { useWords } from "@/lib/language.ts";
import type { Tone } from "@/lib/tone.ts";
import { backupDocument } from "./cleanup.ts";
import { BackupList } from "./operations.ts";
import { SettingsPage } from "./settings-page.tsx";
import { words } from "./words.ts";

type Backup = BackupListQuery["backups"]["nodes"][number];
const PAGE = 100;
const column = createColumnHelper<Backup>();
const STATES = { running: "running", complete: "good", failed: "bad", damaged: "bad", removed: "skipped" } as const satisfies Record<string, Tone>;

/** Copies of connections' data: when, how large, whether they are whole. */
export function BackupsPage() {
  const t = useWords(words);
  const navigate = useNavigate();
  const maySave = useMay("saveWorkflow");
  const [search, setSearch] = useSearchParams();
  const connections = useConnections() ?? [];
  const connection = search.get("connection");
  const { data, error, hasNextPage, fetchNextPage, isFetching } = useInfiniteQuery({
    queryKey: ["BackupList", connection],
    queryFn: ({ pageParam, signal }) => request(BackupList, { connection: connection || null, after: pageParam, first: PAGE }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => (last.backups.pageInfo.hasNextPage ? last.backups.pageInfo.endCursor : undefined),
    retry: false,
  });
  const rows = useMemo(() => data?.pages.flatMap((page) => page.backups.nodes) ?? [], [data]);
  const columns = useMemo(
    () => [
      column.accessor("connection", {
        header: t("connection"),
        cell: ({ row, getValue }) => (
          <Link className="row-name" to={row.original.runId ? `/runs/${row.original.runId}` : `/connections/${getValue()}`} title={row.original.folder}>
            {getValue()}
          </Link>
        ),
      }),
      column.accessor("status", {
        header: t("status"),
        cell: ({ row, getValue }) => {
          const known = Object.keys(STATES).find((one): one is keyof typeof STATES => one === getValue());
          return (
            <span title={row.original.error ?? undefined}>
              <Status tone={known ? STATES[known] : "idle"}>{known ? t(known) : getValue()}</Status>
            </span>
          );
        },
      }),
      column.accessor("createdAt", { header: t("made"), cell: ({ getValue }) => <Moment at={getValue()} /> }),
      column.accessor("bytes", { header: t("size"), meta: { isNumber: true, isWide: true }, cell: ({ getValue }) => formatBytes(getValue()) }),
      column.accessor("durationMs", { header: t("took"), meta: { isNumber: true, isWide: true }, cell: ({ getValue }) => formatSpan(getValue()) }),
      column.accessor("method", { header: t("method"), meta: { isWide: true }, cell: ({ getValue }) => <span className="mono">{getValue()}</span> }),
      column.accessor((row) => row.verifiedAt ?? "", {
        id: "verified",
        header: t("verified"),
        meta: { isWide: true },
        cell: ({ row }) => (row.original.verifiedAt ? <Moment at={row.original.verifiedAt} /> : <span className="muted">{t("never")}</span>),
      }),
    ],
    [t],
  );
  return (
    <SettingsPage
      title={t("backups")}
      actions={
        maySave && (
          <Button icon={Plus} onClick={() => void navigate("/workflows/new", { state: { text: backupDocument(connection || connections[0]?.name || "history") } })}>
            {t("makeBackup")}
          </Button>
        )
      }
    >
      <p className="settings-note">
        <Ticked text={`${t("byCommand")} ${t("metadataText")}`} />
      </p>
      <div className="bar">
        <Select
          className="find"
          aria-label={t("connection")}
          value={connection ?? ""}
          onChange={(event) => setSearch(event.target.value ? { connection: event.target.value } : {}, { replace: true })}
        >
          <option value="">{t("anyConnection")}</option>
          {connections.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </Select>
      </div>
      {error && !data && (
        <div className="bar">
          <div className="grow">
            <Notice problem={asProblem(error)} />
          </div>
        </div>
      )}
      {!data && !error && <Skeleton />}
      {data && rows.length === 0 && (
        <Empty icon={Archive} title={t("none")}>
          <p>
            <Ticked text={t("noneText")} />
          </p>
        </Empty>
      )}
      {rows.length > 0 && (
        <DataTable
          label={t("backups")}
          rows={rows}
          columns={columns}
          rowKey={(row) => row.id}
          rowHeight={38}
          onEnd={() => {
            if (hasNextPage && !isFetching) void fetchNextPage();
          }}
        />
      )}
    </SettingsPage>
  );
}
