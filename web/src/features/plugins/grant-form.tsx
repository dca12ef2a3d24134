import { ListChecks } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { Button } from "@/components/button.tsx";
import { Field, Select, Switch, TextArea, TextInput } from "@/components/field.tsx";
import { Notice, Ticked } from "@/components/notice.tsx";
import { tell } from "@/components/toast.tsx";
import { useConnections } from "@/graphql/catalog.ts";
import { useChange } from "@/graphql/client.ts";
import type { PluginFieldsFragment } from "@/graphql/generated/graphql.ts";
import { asProblem } from "@/graphql/problem.ts";
import { useMay } from "@/graphql/session.ts";
import { useWords } from "@/lib/language.ts";
import { AddressSentence } from "./address.tsx";
import { asksNothing, changesOf, formOf, grantsOf, isEmpty, readAsks, readConnection, spellConnection, withAll, type GrantForm as Form } from "./capability.ts";
import { GrantPlugin } from "./operations.ts";
import { words } from "./words.ts";

/** What the plugin asks for in plain words, and what it gets. Saving replaces what was granted. */
export function GrantForm({ plugin }: { plugin: PluginFieldsFragment }) {
  const t = useWords(words);
  const may = useMay("grantPlugin");
  const asks = useMemo(() => readAsks(plugin.asks), [plugin.asks]);
  const [form, setForm] = useState(() => formOf(asks, plugin.grants));
  const [isReviewed, setReviewed] = useState(false);
  // Another version, or what somebody else granted meanwhile.
  const granted = plugin.grants.join("\n");
  useEffect(() => setForm(formOf(asks, granted === "" ? [] : granted.split("\n"))), [asks, granted]);
  const { mutate, isPending, error } = useChange(GrantPlugin, {
    onSuccess: ({ grantPlugin }) => tell(t(grantPlugin.grants.length > 0 ? "granted" : "revoked", { name: plugin.name })),
    onSettled: () => setReviewed(false),
  });
  if (asksNothing(asks)) return <p className="muted">{t("asksNothing")}</p>;
  const set = (change: Partial<Form>) => setForm({ ...form, ...change });
  const { more, less } = changesOf(plugin.grants, grantsOf(form));
  const isChanged = more.length + less.length > 0;
  const isChannel = plugin.kinds.includes("channel");
  return (
    <form
      className="stack plugin-grants"
      onSubmit={(event) => {
        event.preventDefault();
        mutate({ name: plugin.name, grants: grantsOf(form) });
      }}
    >
      <p className="muted">{t(may ? "review" : "notAllowed")}</p>
      {error && <Notice problem={asProblem(error)} />}
      <fieldset className="stack plugin-fields" disabled={!may}>
        {asks.http.length > 0 && (
          <Addresses label={t("http")} help={t("httpHelp")} asks={asks.http} value={form.http} onChange={(http) => set({ http })} />
        )}
        {asks.tcp.length > 0 && (
          <Addresses label={t("tcp")} help={t("tcpHelp")} asks={asks.tcp} value={form.tcp} onChange={(tcp) => set({ tcp })} />
        )}
        {asks.secrets.map((name) => (
          <Field key={name} label={t("secret", { name })} help={<Ticked text={isChannel ? `${t("secretHelp")} ${t("secretChannel")}` : t("secretHelp")} />}>
            {(ids) => (
              <TextInput
                {...ids}
                className="mono"
                placeholder={`env:${plugin.name.toUpperCase().replaceAll("-", "_")}_${name.toUpperCase()}`}
                value={form.secrets[name] ?? ""}
                onChange={(event) => set({ secrets: { ...form.secrets, [name]: event.target.value } })}
              />
            )}
          </Field>
        ))}
        {(["sql", "redis"] as const).flatMap((kind) =>
          asks[kind].map((name) => (
            <ConnectionField key={`${kind}:${name}`} name={name} isRedis={kind === "redis"} value={form[kind][name] ?? ""} onChange={(value) => set({ [kind]: { ...form[kind], [name]: value } })} />
          )),
        )}
        {(["clock", "kv"] as const).map(
          (kind) =>
            asks[kind] && (
              <div key={kind}>
                <Switch label={t(kind)} isOn={form[kind]} onChange={(isOn) => set({ [kind]: isOn })} disabled={!may} />
                <p className="field-help plugin-switch-help">{t(`${kind}Help`)}</p>
              </div>
            ),
        )}
      </fieldset>
      {may && (
        <>
          <div className="plugin-changes" aria-live="polite">
            {!isChanged && <span className="muted">{t(plugin.grants.length > 0 ? "noChange" : "nothingGranted")}</span>}
            <Changes label={t("willGrant")} grants={more} mark="+" />
            <Changes label={t("willRevoke")} grants={less} mark="−" />
          </div>
          <div className="row plugin-buttons">
            <Button icon={ListChecks} onClick={() => setForm(withAll(asks, form))}>
              {t("grantAll")}
            </Button>
            {plugin.grants.length > 0 && (
              <Button tone="danger" isBusy={isPending && isReviewed} onClick={() => {
                setReviewed(true);
                mutate({ name: plugin.name, grants: [] });
              }}>
                {t("revokeAll")}
              </Button>
            )}
            <span className="grow" />
            <Button tone="main" type="submit" disabled={!isChanged} isBusy={isPending && !isReviewed}>
              {less.length > 0 || isEmpty(form) ? t("saveChanges") : t("save", { n: Math.max(1, more.length) })}
            </Button>
          </div>
        </>
      )}
    </form>
  );
}

interface AddressesProps {
  label: string;
  help: string;
  asks: readonly string[];
  value: string;
  onChange: (value: string) => void;
}

function Addresses({ label, help, asks, value, onChange }: AddressesProps) {
  const t = useWords(words);
  return (
    <Field label={label} help={<Ticked text={help} />}>
      {(ids) => (
        <>
          <div className="plugin-asks">
            <span className="muted">{t("asksFor")}</span>
            {asks.map((pattern) => (
              <AddressSentence key={pattern} pattern={pattern} />
            ))}
          </div>
          <TextArea {...ids} className="mono" rows={Math.max(2, value.split("\n").length)} value={value} onChange={(event) => onChange(event.target.value)} />
        </>
      )}
    </Field>
  );
}

const REDIS = new Set(["redis"]);

function ConnectionField({ name, isRedis, value, onChange }: { name: string; isRedis: boolean; value: string; onChange: (value: string) => void }) {
  const t = useWords(words);
  const connections = (useConnections() ?? []).filter((one) => REDIS.has(one.system) === isRedis && one.system !== "http");
  const { connection, mayWrite } = readConnection(value);
  return (
    <div className="stack plugin-connection">
      <Field label={t("connection", { name })} help={t("connectionHelp")}>
        {(ids) => (
          <Select {...ids} value={connection} onChange={(event) => onChange(spellConnection({ connection: event.target.value, mayWrite }))}>
            <option value="">{t("noConnection")}</option>
            {connection !== "" && !connections.some((one) => one.name === connection) && <option>{connection}</option>}
            {connections.map((one) => (
              <option key={one.name}>{one.name}</option>
            ))}
          </Select>
        )}
      </Field>
      {connection !== "" && <Switch label={t("mayWrite", { connection })} isOn={mayWrite} onChange={(isOn) => onChange(spellConnection({ connection, mayWrite: isOn }))} />}
    </div>
  );
}

function Changes({ label, grants, mark }: { label: string; grants: readonly string[]; mark: string }) {
  if (grants.length === 0) return null;
  return (
    <div>
      <span className="muted">{label}</span>
      <ul className="plugin-list">
        {grants.map((grant) => (
          <li key={grant}>
            <span aria-hidden>{mark}</span> <code>{grant}</code>
          </li>
        ))}
      </ul>
    </div>
  );
}
