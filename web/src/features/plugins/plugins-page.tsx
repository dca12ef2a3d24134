import { createColumnHelper } from "@tanstack/react-table";
import { Blocks, Plus } from "lucide-react";
import { useMemo } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { Button } from "@/components/button.tsx";
import { DataTable } from "@/components/data-table.tsx";
import { Empty, Skeleton } from "@/components/empty.tsx";
import { TextInput } from "@/components/field.tsx";
import { Notice } from "@/components/notice.tsx";
import { Page } from "@/components/page.tsx";
import { Status } from "@/components/status.tsx";
import { useData } from "@/graphql/client.ts";
import type { PluginFieldsFragment } from "@/graphql/generated/graphql.ts";
import { asProblem } from "@/graphql/problem.ts";
import { useMay } from "@/graphql/session.ts";
import { useWords } from "@/lib/language.ts";
import { InstallDialog } from "./install-dialog.tsx";
import { PluginList } from "./operations.ts";
import "./plugins.css";
import { Signature } from "./signature.tsx";
import { words } from "./words.ts";

const column = createColumnHelper<PluginFieldsFragment>();

/** The installed plugins: what each does, who signed it, and whether it lacks a grant. */
export function PluginsPage() {
  const t = useWords(words);
  const navigate = useNavigate();
  const mayInstall = useMay("installPlugin");
  const [search, setSearch] = useSearchParams();
  const wanted = search.get("find") ?? "";
  const set = (key: string, value: string | null) =>
    setSearch(
      (old) => {
        if (value) old.set(key, value);
        else old.delete(key);
        return old;
      },
      { replace: true },
    );
  const { data, error } = useData(PluginList, {}, { retry: false });
  const rows = useMemo(() => {
    const needle = wanted.trim().toLowerCase();
    return (data?.plugins ?? []).filter((one) => [one.name, one.description, ...one.kinds].some((text) => text.toLowerCase().includes(needle)));
  }, [data, wanted]);
  const columns = useMemo(
    () => [
      column.accessor("name", {
        header: t("name"),
        cell: ({ row, getValue }) => (
          <span className="plugin-name">
            <Link to={`/plugins/${getValue()}`} className="row-name">
              {getValue()}
            </Link>
            <span className="muted cut">{row.original.description}</span>
          </span>
        ),
      }),
      column.accessor((row) => row.kinds.join(" "), {
        id: "kinds",
        header: t("kinds"),
        meta: { isWide: true },
        cell: ({ row }) => (
          <span className="row">
            {row.original.kinds.map((kind) => (
              <span key={kind} className="tag">
                {spellKind(kind, t)}
              </span>
            ))}
          </span>
        ),
      }),
      column.accessor("version", { header: t("version"), meta: { isWide: true }, cell: ({ getValue }) => <span className="mono">{getValue()}</span> }),
      column.accessor((row) => row.signedBy ?? "", { id: "signature", header: t("signature"), meta: { isWide: true }, cell: ({ row }) => <Signature signedBy={row.original.signedBy ?? null} /> }),
      column.accessor((row) => row.missing.length, {
        id: "state",
        header: t("state"),
        cell: ({ getValue }) => (getValue() > 0 ? <Status tone="warned">{t("lacks", { n: getValue() })}</Status> : <Status tone="good">{t("ready")}</Status>),
      }),
    ],
    [t],
  );
  const installButton = mayInstall && (
    <Button tone="main" icon={Plus} onClick={() => set("install", "1")}>
      {t("install")}
    </Button>
  );
  return (
    <Page crumbs={[{ label: t("title") }]} actions={installButton}>
      <div className="bar">
        <TextInput type="search" className="find" aria-label={t("search")} placeholder={t("search")} value={wanted} onChange={(event) => set("find", event.target.value)} />
        <span className="muted">{data && t("count", { n: rows.length })}</span>
      </div>
      {error && !data && (
        <div className="bar">
          <div className="grow">
            <Notice problem={asProblem(error)} />
          </div>
        </div>
      )}
      {!data && !error && <Skeleton rows={5} height={48} />}
      {data && rows.length === 0 && (
        <Empty icon={Blocks} title={wanted ? t("noMatch") : t("none")}>
          {!wanted && <p>{t("noneText")}</p>}
        </Empty>
      )}
      {rows.length > 0 && <DataTable label={t("title")} rows={rows} columns={columns} rowKey={(row) => row.name} onOpen={(row) => void navigate(`/plugins/${row.name}`)} rowHeight={52} />}
      {search.has("install") && <InstallDialog onClose={() => set("install", null)} />}
    </Page>
  );
}

const KINDS = ["source", "sink", "transform", "channel", "translator"] as const;

/** The kind in the language of the screen; one that is not known here as it is. */
export function spellKind(kind: string, t: (word: (typeof KINDS)[number]) => string): string {
  const known = KINDS.find((one) => one === kind);
  return known ? t(known) : kind;
}
