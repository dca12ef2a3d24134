import { createColumnHelper } from "@tanstack/react-table";
import { Download, FileText } from "lucide-react";
import { useMemo } from "react";
import { DataTable } from "@/components/data-table.tsx";
import { Empty, Skeleton } from "@/components/empty.tsx";
import { IconButton } from "@/components/icon-button.tsx";
import { Notice, Ticked } from "@/components/notice.tsx";
import { Moment } from "@/components/time.tsx";
import { tell } from "@/components/toast.tsx";
import { fetchFile, useData } from "@/graphql/client.ts";
import type { RunArtifactsQuery } from "@/graphql/generated/graphql.ts";
import { asProblem } from "@/graphql/problem.ts";
import { save } from "@/lib/download.ts";
import { formatBytes, formatNumber } from "@/lib/format.ts";
import { useLanguage, useWords } from "@/lib/language.ts";
import { isOver } from "@/lib/run-status.ts";
import type { RunView } from "./live-run.ts";
import { RunArtifacts } from "./operations.ts";
import { words } from "./words.ts";

type Artifact = RunArtifactsQuery["run"]["artifacts"][number];
const column = createColumnHelper<Artifact>();

/** The files that a run left, to be downloaded. */
export function ArtifactPane({ run, onChoose }: { run: RunView; onChoose: (step: string) => void }) {
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  const { data, error } = useData(RunArtifacts, { id: run.id }, { refetchInterval: isOver(run.status) ? false : 2000 });
  const columns = useMemo(() => {
    const download = async (name: string) => {
      try {
        save(name, await fetchFile(`/api/runs/${run.id}/artifacts/${encodeURIComponent(name)}`));
      } catch (problem) {
        tell(asProblem(problem).message, { isBad: true });
      }
    };
    return [
      column.accessor("name", {
        header: t("file"),
        cell: ({ getValue }) => (
          <button type="button" className="link-button row-name cut" onClick={() => void download(getValue())}>
            {getValue()}
          </button>
        ),
      }),
      column.accessor("step", {
        header: t("step"),
        cell: ({ getValue }) => (
          <button type="button" className="link-button mono" onClick={() => onChoose(getValue())}>
            {getValue()}
          </button>
        ),
      }),
      column.accessor("rows", { header: t("rows"), meta: { isNumber: true }, cell: ({ getValue }) => formatNumber(getValue(), language) }),
      column.accessor("bytes", { header: t("size"), meta: { isNumber: true }, cell: ({ getValue }) => formatBytes(getValue()) }),
      column.accessor("createdAt", { header: t("kept"), meta: { isWide: true }, cell: ({ getValue }) => <Moment at={getValue()} /> }),
      column.display({
        id: "download",
        cell: ({ row }) => <IconButton icon={Download} label={`${t("download")}: ${row.original.name}`} onClick={() => void download(row.original.name)} />,
      }),
    ];
  }, [t, language, run.id, onChoose]);
  if (error) {
    return (
      <div className="run-none">
        <Notice problem={asProblem(error)} />
      </div>
    );
  }
  if (!data) return <Skeleton rows={3} />;
  if (data.run.artifacts.length === 0) {
    return (
      <Empty icon={FileText} title={t("noArtifacts")}>
        <Ticked text={t("noArtifactsText")} />
      </Empty>
    );
  }
  return <DataTable label={t("artifacts")} rows={data.run.artifacts} columns={columns} rowKey={(row) => row.name} />;
}
