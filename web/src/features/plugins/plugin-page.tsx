import { useMemo, useState } from "react";
import { useNavigate, useParams } from "react-router";
import { Button } from "@/components/button.tsx";
import { Skeleton } from "@/components/empty.tsx";
import { CopyText, Facts, Section } from "@/components/facts.tsx";
import { Notice, Ticked } from "@/components/notice.tsx";
import { Page } from "@/components/page.tsx";
import { Status } from "@/components/status.tsx";
import { useData } from "@/graphql/client.ts";
import { asProblem } from "@/graphql/problem.ts";
import { useMay } from "@/graphql/session.ts";
import { useWords } from "@/lib/language.ts";
import { fieldsOf, readSchema } from "@/lib/schema-fields.ts";
import { GrantForm } from "./grant-form.tsx";
import { Health, Logs } from "./health.tsx";
import { OnePlugin } from "./operations.ts";
import "./plugins.css";
import { spellKind } from "./plugins-page.tsx";
import { RemoveDialog } from "./remove-dialog.tsx";
import { Signature } from "./signature.tsx";
import { Versions } from "./versions.tsx";
import { words } from "./words.ts";

/** One plugin: what it is, what it may reach, its settings, its versions. */
export function PluginPage() {
  const t = useWords(words);
  const navigate = useNavigate();
  const { name = "" } = useParams();
  const mayRemove = useMay("removePlugin");
  const [isRemoving, setRemoving] = useState(false);
  const { data, error } = useData(OnePlugin, { name }, { retry: false });
  const plugin = data?.plugin;
  return (
    <Page
      crumbs={[{ label: t("title"), to: "/plugins" }, { label: name }]}
      beside={plugin && <span className="plugin-beside">{plugin.missing.length > 0 ? <Status tone="warned">{t("lacks", { n: plugin.missing.length })}</Status> : <Status tone="good">{t("ready")}</Status>}</span>}
      actions={
        plugin &&
        mayRemove && (
          <Button tone="danger" onClick={() => setRemoving(true)}>
            {t("remove")}
          </Button>
        )
      }
    >
      {error && !plugin && (
        <div className="bar">
          <div className="grow">
            <Notice problem={asProblem(error)} />
          </div>
        </div>
      )}
      {!plugin && !error && <Skeleton rows={8} />}
      {plugin && (
        <div className="sections">
          <Section title={t("about")}>
            <p className="plugin-description">{plugin.description}</p>
            <Facts
              facts={[
                [t("version"), <span className="mono">{plugin.version}</span>],
                [t("kinds"), plugin.kinds.map((kind) => spellKind(kind, t)).join(", ")],
                [t("uses"), <CopyText text={`plugin/${plugin.name}`} />],
                [t("signature"), <Signature signedBy={plugin.signedBy ?? null} />],
                [t("contract"), <span className="mono">{plugin.contract}</span>],
                [
                  t("digest"),
                  <span className="plugin-digest" title={t("digestHelp")}>
                    <CopyText text={plugin.digest} />
                  </span>,
                ],
              ]}
            />
          </Section>
          <Health name={plugin.name} />
          <Section title={t("capabilities")}>
            <GrantForm plugin={plugin} />
          </Section>
          <Section title={t("settings")}>
            <Settings schema={plugin.configSchema} />
          </Section>
          <Section title={t("versions")}>
            <Versions plugin={plugin} />
          </Section>
          <Logs name={plugin.name} />
        </div>
      )}
      {isRemoving && <RemoveDialog name={name} onClose={() => setRemoving(false)} onRemoved={() => void navigate("/plugins")} />}
    </Page>
  );
}

function Settings({ schema }: { schema: string }) {
  const t = useWords(words);
  const fields = useMemo(() => fieldsOf(readSchema(schema)), [schema]);
  if (fields.length === 0) return <p className="muted">{t("noSettings")}</p>;
  return (
    <div className="plain-table-scroller" tabIndex={0} role="region" aria-label={t("settings")}>
      <table className="plain-table">
        <thead>
          <tr>
            <th scope="col">{t("setting")}</th>
            <th scope="col">{t("type")}</th>
            <th scope="col">{t("description")}</th>
          </tr>
        </thead>
        <tbody>
          {fields.map((field) => (
            <tr key={field.name}>
              <th scope="row">
                <code>{field.name}</code>
              </th>
              <td className="muted">{field.kind.kind === "choice" ? field.kind.options.join(" | ") : field.kind.kind === "yaml" ? "object" : field.kind.kind === "words" ? "list" : field.kind.kind}</td>
              <td>
                {field.isNeeded && <span className="tag">{t("needed")}</span>} {field.description && <Ticked text={field.description} />}
                {field.default !== undefined && <span className="muted"> · {t("defaultIs", { value: JSON.stringify(field.default) })}</span>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
