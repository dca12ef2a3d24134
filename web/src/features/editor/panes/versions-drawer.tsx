import { useState } from "react";
import { Button } from "@/components/button.tsx";
import { Dialog } from "@/components/dialog.tsx";
import { Skeleton } from "@/components/empty.tsx";
import { Segments } from "@/components/segments.tsx";
import { TextDiff } from "@/components/text-diff.tsx";
import { Moment } from "@/components/time.tsx";
import { tell } from "@/components/toast.tsx";
import { useData } from "@/graphql/client.ts";
import { useWords } from "@/lib/language.ts";
import { useEditor } from "../document/store.ts";
import { WorkflowVersions } from "../operations.ts";
import { words } from "../words.ts";
import { VersionGraphs } from "./version-graphs.tsx";

/** The workflow's versions, each compared with the text as it is now. */
export function VersionsDrawer({ workflow }: { workflow: string }) {
  const t = useWords(words);
  const { text, edit, setPanel } = useEditor();
  const { data } = useData(WorkflowVersions, { id: workflow });
  const [chosen, setChosen] = useState<number>();
  const [view, setView] = useState<"text" | "graph">("text");
  const versions = data?.workflow.versions.nodes ?? [];
  const version = versions.find((one) => one.number === chosen) ?? versions[0];
  return (
    <Dialog kind="drawer" width={860} title={t("versions")} description={t("versionsText")} closeLabel={t("close")} onClose={() => setPanel(null)}>
      {!data && <Skeleton rows={4} />}
      <div className="versions">
        <ul className="versions-list">
          {versions.map((one) => (
            <li key={one.id}>
              <button type="button" className="versions-item" aria-current={one === version} onClick={() => setChosen(one.number)}>
                <span className="grow">{t("version", { number: one.number })}</span>
                <Moment at={one.createdAt} />
              </button>
            </li>
          ))}
        </ul>
        {version && (
          <div className="grow stack">
            {version.text === text ? (
              <p className="muted">{t("same")}</p>
            ) : (
              <>
                <Segments
                  label={t("versionsView")}
                  value={view}
                  choices={[
                    { value: "text", label: t("asText") },
                    { value: "graph", label: t("asGraph") },
                  ]}
                  onChange={setView}
                />
                {view === "text" ? (
                  <TextDiff before={version.text} after={text} label={t("versions")} />
                ) : (
                  <VersionGraphs before={version.text} after={text} name={t("version", { number: version.number })} />
                )}
                <div>
                  <Button
                    onClick={() => {
                      edit(version.text);
                      setPanel(null);
                      tell(t("restored", { number: version.number }));
                    }}
                  >
                    {t("restore")}
                  </Button>
                </div>
              </>
            )}
          </div>
        )}
      </div>
    </Dialog>
  );
}
