import { useState, type SyntheticEvent } from "react";
import { Button } from "@/components/button.tsx";
import { Dialog } from "@/components/dialog.tsx";
import { Field, Select, Switch, TextArea, TextInput } from "@/components/field.tsx";
import { Notice, Ticked } from "@/components/notice.tsx";
import { Segments } from "@/components/segments.tsx";
import { tell } from "@/components/toast.tsx";
import { useChange } from "@/graphql/client.ts";
import type { ConnectionInput, ConnectionRowFragment } from "@/graphql/generated/graphql.ts";
import { asProblem } from "@/graphql/problem.ts";
import { pick, useLanguage, useWords } from "@/lib/language.ts";
import { findSystem, fromForm, readSettings, SYSTEMS, toForm, type System } from "./address.ts";
import { CreateConnection, UpdateConnection } from "./operations.ts";
import { words } from "./words.ts";

interface Props {
  /** The one to be changed; none: a new one. */
  connection?: ConnectionRowFragment;
  onClose: () => void;
}

const FORM = "connection-form";

/** Makes or changes a connection. A sealed secret is never shown: an empty field keeps it. */
export function ConnectionDialog({ connection, onClose }: Props) {
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  const first: System = findSystem(connection?.system ?? "postgres") ?? {
    id: connection?.system ?? "",
    name: connection?.system ?? "",
    fields: [],
    example: "",
    hasSecret: true,
  };
  const [system, setSystem] = useState(first);
  const [name, setName] = useState(connection?.name ?? "");
  const [byUrl, setByUrl] = useState(false);
  const [url, setUrl] = useState("");
  const [form, setForm] = useState(() => toForm(first, readSettings(connection?.settings ?? "{}")));
  const [secret, setSecret] = useState("");
  const [dropsSecret, setDropsSecret] = useState(false);
  const [description, setDescription] = useState(connection?.description ?? "");
  const [labels, setLabels] = useState(connection?.labels.join(", ") ?? "");
  const [allowWrite, setAllowWrite] = useState(connection?.allowWrite ?? false);
  const settings = fromForm(system, form);
  const create = useChange(CreateConnection, {
    onSuccess: () => {
      tell(t("created", { name }));
      onClose();
    },
  });
  const update = useChange(UpdateConnection, {
    onSuccess: () => {
      tell(t("updated", { name }));
      onClose();
    },
  });
  const error = create.error ?? update.error;
  const isBusy = create.isPending || update.isPending;

  const save = (event: SyntheticEvent) => {
    event.preventDefault();
    if (isBusy || (!byUrl && !settings)) return;
    const address: Pick<ConnectionInput, "url" | "system" | "settings"> = byUrl
      ? { url: url.trim() }
      : { system: system.id, settings: JSON.stringify(settings) };
    const rest: ConnectionInput = {
      labels: labels.split(/[,，]/).map((label) => label.trim()).filter(Boolean),
      allowWrite,
      ...(secret !== "" ? { secret } : dropsSecret ? { secret: null } : {}),
    };
    const about = description.trim();
    if (!connection) {
      create.mutate({ name: name.trim(), input: { ...address, ...rest, ...(about ? { description: about } : {}) } });
      return;
    }
    // What stays as it is is not sent: an address that is sent again may ask for its secret again.
    const isSame = !byUrl && JSON.stringify(sorted(settings ?? {})) === JSON.stringify(sorted(readSettings(connection.settings)));
    update.mutate({ name: connection.name, input: { ...(isSame ? {} : address), ...rest, description: about || null } });
  };

  return (
    <Dialog
      title={connection ? t("changeTitle", { name: connection.name }) : t("new")}
      closeLabel={t("close")}
      kind="drawer"
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button tone="main" type="submit" form={FORM} isBusy={isBusy}>
            {connection ? t("save") : name.trim() ? t("create", { name: name.trim() }) : t("createPlain")}
          </Button>
        </>
      }
    >
      <form id={FORM} className="stack connection-form" onSubmit={save}>
        {error && <Notice problem={asProblem(error)} />}
        {!connection && (
          <Field label={t("name")} isNeeded help={<Ticked text={t("nameHelp")} />}>
            {(ids) => <TextInput {...ids} required autoFocus className="mono" value={name} onChange={(event) => setName(event.target.value)} />}
          </Field>
        )}
        <Segments
          label={t("way")}
          value={byUrl ? "url" : "fields"}
          choices={[
            { value: "fields", label: t("byFields") },
            { value: "url", label: t("byUrl") },
          ]}
          onChange={(way) => setByUrl(way === "url")}
        />
        {byUrl ? (
          <Field label={t("url")} isNeeded help={<Ticked text={t("urlHelp")} />}>
            {(ids) => (
              <TextInput {...ids} required className="mono" placeholder={system.example} value={url} onChange={(event) => setUrl(event.target.value)} />
            )}
          </Field>
        ) : (
          <>
            {!connection && (
              <Field label={t("system")}>
                {(ids) => (
                  <Select {...ids} value={system.id} onChange={(event) => setSystem(findSystem(event.target.value) ?? system)}>
                    {SYSTEMS.map((one) => (
                      <option key={one.id} value={one.id}>
                        {one.name}
                      </option>
                    ))}
                  </Select>
                )}
              </Field>
            )}
            <div className="connection-fields">
              {system.fields.map((field, place) => (
                <Field key={field.name} label={pick(field.label, language)} isNeeded={field.isNeeded ?? false}>
                  {(ids) => (
                    <TextInput
                      {...ids}
                      className="mono"
                      required={field.isNeeded}
                      autoFocus={connection !== undefined && place === 0}
                      inputMode={field.isNumber ? "numeric" : "text"}
                      placeholder={field.placeholder}
                      value={form.values[field.name] ?? ""}
                      onChange={(event) => setForm({ ...form, values: { ...form.values, [field.name]: event.target.value } })}
                    />
                  )}
                </Field>
              ))}
            </div>
          </>
        )}
        {!byUrl && system.hasSecret && (
          <>
            <Field label={t("secret")} help={connection?.hasSecret ? t("secretKept") : t("secretNew")}>
              {(ids) => (
                <TextInput
                  {...ids}
                  type="password"
                  autoComplete="new-password"
                  placeholder={connection?.hasSecret ? "••••••••" : ""}
                  disabled={dropsSecret}
                  value={secret}
                  onChange={(event) => setSecret(event.target.value)}
                />
              )}
            </Field>
            {connection?.hasSecret && <Switch label={t("secretRemove")} isOn={dropsSecret} onChange={setDropsSecret} />}
          </>
        )}
        {!byUrl && (
          <Field label={t("further")} help={t("furtherHelp")} problem={settings ? undefined : t("furtherBad")}>
            {(ids) => <TextArea {...ids} className="mono" rows={3} value={form.further} onChange={(event) => setForm({ ...form, further: event.target.value })} />}
          </Field>
        )}
        <Field label={t("description")}>
          {(ids) => <TextInput {...ids} value={description} onChange={(event) => setDescription(event.target.value)} />}
        </Field>
        <Field label={t("labels")} help={t("labelsHelp")}>
          {(ids) => <TextInput {...ids} value={labels} onChange={(event) => setLabels(event.target.value)} />}
        </Field>
        <Switch label={t("allowWrite")} isOn={allowWrite} onChange={setAllowWrite} />
      </form>
    </Dialog>
  );
}

function sorted(settings: Record<string, unknown>): [string, unknown][] {
  return Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1));
}
