import { useQueries } from "@tanstack/react-query";
import { Trash2 } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/button.tsx";
import { CopyText } from "@/components/facts.tsx";
import { IconButton } from "@/components/icon-button.tsx";
import { Notice, Ticked } from "@/components/notice.tsx";
import { tell } from "@/components/toast.tsx";
import { keyOf, request, useChange } from "@/graphql/client.ts";
import type { PluginFieldsFragment } from "@/graphql/generated/graphql.ts";
import { asProblem } from "@/graphql/problem.ts";
import { useMay } from "@/graphql/session.ts";
import { useWords } from "@/lib/language.ts";
import { compareVersions, readAsks, spellAsks } from "./capability.ts";
import { OnePlugin, RollBackPlugin } from "./operations.ts";
import { RemoveDialog } from "./remove-dialog.tsx";
import { Signature } from "./signature.tsx";
import { words } from "./words.ts";

/** The versions that are kept, side by side: what each asks for, what it was granted, and putting one to use. */
export function Versions({ plugin }: { plugin: PluginFieldsFragment }) {
  const t = useWords(words);
  const mayRollBack = useMay("rollbackPlugin");
  const mayRemove = useMay("removePlugin");
  const [removing, setRemoving] = useState<string>();
  const versions = [...plugin.versions].sort(compareVersions);
  const others = useQueries({
    queries: versions.map((version) => {
      const variables = { name: `${plugin.name}@${version}` };
      return { queryKey: keyOf(OnePlugin, variables), queryFn: () => request(OnePlugin, variables), retry: false };
    }),
  });
  const rollBack = useChange(RollBackPlugin, {
    onSuccess: ({ rollbackPlugin: { name, version } }) => tell(t("rolledBack", { name, version })),
  });
  const kind = `plugin/${plugin.name}`;
  return (
    <div className="stack">
      <p className="muted">
        <Ticked text={t("versionsText", { kind, version: versions.at(-1) ?? plugin.version })} />
      </p>
      {rollBack.error && <Notice problem={asProblem(rollBack.error)} />}
      <div className="plain-table-scroller" tabIndex={0} role="region" aria-label={t("versions")}>
        <table className="plain-table">
          <thead>
            <tr>
              <th scope="col">{t("version")}</th>
              <th scope="col">{t("signature")}</th>
              <th scope="col">{t("asks")}</th>
              <th scope="col">{t("capabilities")}</th>
              <th scope="col">{t("digest")}</th>
              <th scope="col">
                <span className="only-read">{t("remove")}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {versions.map((version, at) => {
              const view = version === plugin.version ? plugin : others[at]?.data?.plugin;
              return (
                <tr key={version} data-version={version}>
                  <th scope="row">
                    <span className="row">
                      <span className="mono">{version}</span>
                      {version === plugin.version && <span className="tag">{t("inUse")}</span>}
                    </span>
                  </th>
                  <td>{view && <Signature signedBy={view.signedBy ?? null} />}</td>
                  <td>{view && <Lines texts={spellAsks(readAsks(view.asks))} none={t("nothing")} />}</td>
                  <td>{view && <Lines texts={view.grants} none={t("nothing")} />}</td>
                  <td>{view && <CopyText text={view.digest} short={`${view.digest.slice(0, 12)}…`} />}</td>
                  <td>
                    {version !== plugin.version && (
                      <span className="row row-end">
                        {mayRollBack && (
                          <Button isBusy={rollBack.isPending && rollBack.variables.to === version} onClick={() => rollBack.mutate({ name: plugin.name, to: version })}>
                            {t("rollBack", { version })}
                          </Button>
                        )}
                        {mayRemove && <IconButton icon={Trash2} label={t("removeVersion", { version })} onClick={() => setRemoving(version)} />}
                      </span>
                    )}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {removing && <RemoveDialog name={`${plugin.name}@${removing}`} onClose={() => setRemoving(undefined)} onRemoved={() => undefined} />}
    </div>
  );
}

function Lines({ texts, none }: { texts: readonly string[]; none: string }) {
  if (texts.length === 0) return <span className="muted">{none}</span>;
  return (
    <ul className="plugin-list">
      {texts.map((text) => (
        <li key={text}>
          <code>{text}</code>
        </li>
      ))}
    </ul>
  );
}
