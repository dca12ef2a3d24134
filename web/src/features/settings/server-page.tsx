import { CircleCheck } from "lucide-react";
import { Link, Navigate } from "react-router";
import { Skeleton } from "@/components/empty.tsx";
import { CopyText, Facts, Section } from "@/components/facts.tsx";
import { Notice, Ticked } from "@/components/notice.tsx";
import { Moment } from "@/components/time.tsx";
import { useData } from "@/graphql/client.ts";
import type { ServerViewQuery } from "@/graphql/generated/graphql.ts";
import { asProblem } from "@/graphql/problem.ts";
import { useMay } from "@/graphql/session.ts";
import { useWords } from "@/lib/language.ts";
import { readSchema } from "@/lib/schema-fields.ts";
import { MailChannels, ServerView } from "./operations.ts";
import { SettingsPage } from "./settings-page.tsx";
import { words } from "./words.ts";

type Server = ServerViewQuery["server"];
const GROUPS = ["serving", "access", "data", "addresses", "limits", "plugins", "log"] as const;

/** What the server was started with, and the keys that seal secrets. Nothing of it can be changed here. */
export function ServerPage() {
  const t = useWords(words);
  const may = useMay("server");
  const { data, error } = useData(ServerView, {}, { retry: false, enabled: may });
  const server = data?.server;
  // Who looks after the server sees it; everybody else begins with what is their own.
  if (!may) return <Navigate to="/settings/sessions" replace />;
  return (
    <SettingsPage title={t("server")}>
      {error && !server && (
        <div className="bar">
          <div className="grow">
            <Notice problem={asProblem(error)} />
          </div>
        </div>
      )}
      {!server && !error && <Skeleton rows={10} />}
      {server && (
        <>
          <p className="settings-note">{t("readOnly")}</p>
          <div className="sections">
            <Section title={t("about")}>
              <Facts
                facts={[
                  [t("version"), <span className="mono">{server.version}</span>],
                  [t("started"), <Moment at={server.startedAt} />],
                ]}
              />
            </Section>
            {GROUPS.map((group) => (
              <Group key={group} title={t(`group_${group}`)} settings={server.settings.filter((one) => one.group === group)} />
            ))}
            <Keys keys={server.keys} />
            <Section title={t("stores")}>
              <p className="muted">
                <Ticked text={t(server.stores ? "storesText" : "noStores")} />
              </p>
              {server.stores && <pre className="mono">{server.stores}</pre>}
            </Section>
            <Mail />
          </div>
        </>
      )}
    </SettingsPage>
  );
}

function Group({ title, settings }: { title: string; settings: Server["settings"] }) {
  const t = useWords(words);
  if (settings.length === 0) return null;
  return (
    <Section title={title}>
      <div className="plain-table-scroller" tabIndex={0} role="region" aria-label={title}>
        <table className="plain-table settings-table">
          <thead>
            <tr>
              <th scope="col">{t("setting")}</th>
              <th scope="col">{t("value")}</th>
              <th scope="col">{t("variable")}</th>
            </tr>
          </thead>
          <tbody>
            {settings.map((one) => (
              <tr key={one.flag}>
                <th scope="row">
                  <code>{one.flag}</code>
                </th>
                <td>{one.value ? <span className="mono">{one.value}</span> : <span className="muted">{t("notSet")}</span>}</td>
                <td className="muted">
                  <code>{one.variable}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  );
}

function Keys({ keys }: { keys: Server["keys"] }) {
  const t = useWords(words);
  const isWhole = keys.outdated === 0 && keys.unreadable.length === 0;
  return (
    <Section title={t("keys")}>
      <div className="stack">
        <p className="muted">
          <Ticked text={t("keysText")} />
        </p>
        {keys.unreadable.length > 0 && <Notice problem={{ code: "invalid_configuration", message: t("unreadable", { n: keys.unreadable.length }), hint: keys.unreadable.join(", ") }} />}
        <Facts facts={[[t("keysFrom"), <CopyText text={keys.source} />]]} />
        <table className="plain-table">
          <thead>
            <tr>
              <th scope="col">{t("key")}</th>
              <th scope="col" className="number">
                {t("sealed")}
              </th>
              <th scope="col" />
            </tr>
          </thead>
          <tbody>
            {keys.keys.map((key, place) => (
              <tr key={key.fingerprint}>
                <th scope="row">
                  <code>{key.fingerprint}</code>
                </th>
                <td className="number">{key.sealed}</td>
                <td className="muted">{t(place === 0 ? "sealsNew" : "older")}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {isWhole && (
          <p className="row">
            <CircleCheck size={14} aria-hidden className="tone-icon tone-good" />
            {t("allOpen")}
          </p>
        )}
        {keys.outdated > 0 && (
          <p>
            <Ticked text={t("outdated", { n: keys.outdated })} />
          </p>
        )}
      </div>
    </Section>
  );
}

function Mail() {
  const t = useWords(words);
  const { data } = useData(MailChannels, {}, { retry: false });
  const mails = data?.channels.nodes.filter((one) => one.kind === "mail") ?? [];
  const host = (settings: string) => {
    const given = readSchema(settings) as Record<string, unknown>;
    return [given["user"], given["host"]].filter((one) => typeof one === "string").join("@");
  };
  return (
    <Section
      title={t("mail")}
      beside={
        <Link className="button" to="/channels">
          {t("openChannels")}
        </Link>
      }
    >
      <p className="muted">
        <Ticked text={t("mailText")} /> {mails.length === 0 && t("noMail")}
      </p>
      {mails.length > 0 && <Facts facts={mails.map((one) => [one.name, <span className="mono">{host(one.settings)}</span>] as const)} />}
    </Section>
  );
}
