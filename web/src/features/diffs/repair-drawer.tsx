import { Copy, Download, Wrench } from "lucide-react";
import { useState } from "react";
import { useNavigate } from "react-router";
import { Button } from "@/components/button.tsx";
import { Dialog } from "@/components/dialog.tsx";
import { Skeleton } from "@/components/empty.tsx";
import { IconButton } from "@/components/icon-button.tsx";
import { Notice, Ticked } from "@/components/notice.tsx";
import { tell } from "@/components/toast.tsx";
import { useChange, useData } from "@/graphql/client.ts";
import type { DiffInput } from "@/graphql/generated/graphql.ts";
import { asProblem } from "@/graphql/problem.ts";
import { download } from "@/lib/download.ts";
import { useWords } from "@/lib/language.ts";
import { DiffRepair, StartDiff } from "./operations.ts";
import { words } from "./words.ts";

const FIRST = 1000;

interface Props {
  run: string;
  names: { left: string; right: string };
  /** What was compared, to be compared again and mended. */
  input: DiffInput;
  counts: { missing: number; extra: number; changed: number };
  onClose: () => void;
}

/** The statements that would make the right side equal the left. They are shown; nothing is run until it is asked for, twice. */
export function RepairDrawer({ run, names, input, counts, onClose }: Props) {
  const t = useWords(words);
  const navigate = useNavigate();
  const [asks, setAsks] = useState(false);
  const { data, error } = useData(DiffRepair, { run, first: FIRST }, { retry: false, staleTime: Infinity, refetchOnWindowFocus: false });
  const apply = useChange(StartDiff, {
    onSuccess: ({ startDiff }) => {
      onClose();
      void navigate(`/diffs/${startDiff.run.id}`);
    },
  });
  const statements = data?.diffRepair.statements ?? [];
  const script = statements.map((statement) => `${statement};`).join("\n");
  if (asks) {
    const settings = { ...(input.settings ? (JSON.parse(input.settings) as Record<string, unknown>) : {}), repair: "apply" };
    return (
      <Dialog
        title={t("applyTitle", { right: names.right })}
        closeLabel={t("close")}
        onClose={() => setAsks(false)}
        foot={
          <>
            <Button onClick={() => setAsks(false)}>{t("cancel")}</Button>
            <Button tone="danger" icon={Wrench} isBusy={apply.isPending} onClick={() => apply.mutate({ input: { ...input, settings: JSON.stringify(settings) } })}>
              {t("applyYes", { right: names.right })}
            </Button>
          </>
        }
      >
        <div className="stack">
          <p>
            <Ticked text={t("applyText", { right: names.right, ...counts })} />
          </p>
          {apply.error && <Notice problem={asProblem(apply.error)} />}
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog
      title={t("repairTitle", names)}
      description={t("repairText")}
      closeLabel={t("close")}
      kind="drawer"
      width={760}
      onClose={onClose}
      foot={
        statements.length > 0 && (
          <>
            <IconButton icon={Copy} label={t("copy")} onClick={() => void navigator.clipboard.writeText(script).then(() => tell(t("copied")))} />
            <Button icon={Download} onClick={() => download("repair.sql", `${script}\n`, "application/sql")}>
              {t("repairDownload")}
            </Button>
            <Button tone="danger" icon={Wrench} onClick={() => setAsks(true)}>
              {t("apply", { right: names.right })}…
            </Button>
          </>
        )
      }
    >
      {error && <Notice problem={asProblem(error)} />}
      {!data && !error && <Skeleton />}
      {data && statements.length === 0 && <p>{t("repairNone")}</p>}
      {statements.length > 0 && (
        <div className="stack">
          <p className="muted">
            {t("repairCount", { n: statements.length })}
            {data && !data.diffRepair.complete && ` · ${t("repairCut", { n: FIRST })}`}
          </p>
          <pre className="diff-script" tabIndex={0}>
            {script}
          </pre>
        </div>
      )}
    </Dialog>
  );
}
