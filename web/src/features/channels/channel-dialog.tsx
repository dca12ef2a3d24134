import { useMemo, useState, type SyntheticEvent } from "react";
import { Button } from "@/components/button.tsx";
import { Dialog } from "@/components/dialog.tsx";
import { Skeleton } from "@/components/empty.tsx";
import { Field, Select, TextInput } from "@/components/field.tsx";
import { Notice, Ticked } from "@/components/notice.tsx";
import { readForm, SchemaForm } from "@/components/schema-form.tsx";
import { tell } from "@/components/toast.tsx";
import { useChange, useData } from "@/graphql/client.ts";
import type { ChannelKindsQuery, ChannelRowFragment } from "@/graphql/generated/graphql.ts";
import { asProblem } from "@/graphql/problem.ts";
import { useWords } from "@/lib/language.ts";
import { fieldsOf, readSchema, toText } from "@/lib/schema-fields.ts";
import { ChannelKinds, CreateChannel, UpdateChannel } from "./operations.ts";
import { words } from "./words.ts";

type Kind = ChannelKindsQuery["channelKinds"][number];

interface Props {
  /** The one to be changed; none: a new one. */
  channel?: ChannelRowFragment;
  onClose: () => void;
  onSaved?: (name: string) => void;
}

const FORM = "channel-form";

/** Makes or changes a channel, by the form that its kind's schema describes. */
export function ChannelDialog({ channel, onClose, onSaved }: Props) {
  const t = useWords(words);
  const { data, error } = useData(ChannelKinds, {}, { retry: false, staleTime: 10_000 });
  const kinds = data?.channelKinds;
  if (!kinds || (channel && !kinds.some((one) => one.kind === channel.kind))) {
    return (
      <Dialog title={channel ? t("changeTitle", { name: channel.name }) : t("new")} closeLabel={t("close")} kind="drawer" onClose={onClose}>
        {error && <Notice problem={asProblem(error)} />}
        {!kinds && !error && <Skeleton />}
        {kinds && channel && (
          <p className="muted">
            <Ticked text={t("unknownKind", { kind: channel.kind })} />
          </p>
        )}
      </Dialog>
    );
  }
  return <Form channel={channel} kinds={kinds} onClose={onClose} onSaved={onSaved} />;
}

function Form({ channel, kinds, onClose, onSaved }: { channel: ChannelRowFragment | undefined; kinds: readonly Kind[]; onClose: () => void; onSaved: ((name: string) => void) | undefined }) {
  const t = useWords(words);
  const [name, setName] = useState(channel?.name ?? "");
  const [kindName, setKindName] = useState(channel?.kind ?? kinds[0]?.kind ?? "");
  const kind = kinds.find((one) => one.kind === kindName);
  const fields = useMemo(() => fieldsOf(readSchema(kind?.schema ?? "{}")), [kind]);
  const [texts, setTexts] = useState<Record<string, string>>(() => {
    const given = readSchema(channel?.settings ?? "{}") as Record<string, unknown>;
    return Object.fromEntries(fields.map((field) => [field.name, toText(field.kind, given[field.name])]));
  });
  const [secrets, setSecrets] = useState<Record<string, string>>({});
  const done = (saved: string, word: "created" | "updated") => {
    tell(t(word, { name: saved }));
    onSaved?.(saved);
    onClose();
  };
  const create = useChange(CreateChannel, { onSuccess: ({ createChannel }) => done(createChannel.name, "created") });
  const update = useChange(UpdateChannel, { onSuccess: ({ updateChannel }) => done(updateChannel.name, "updated") });
  const error = create.error ?? update.error;
  const settings = readForm(fields, texts);
  const save = (event: SyntheticEvent) => {
    event.preventDefault();
    if (!settings || !kind) return;
    const given = Object.entries(secrets).filter(([secret, text]) => text !== "" && kind.secrets.some((one) => one.name === secret));
    const input = { kind: kind.kind, settings: JSON.stringify(settings), ...(given.length > 0 ? { secrets: JSON.stringify(Object.fromEntries(given)) } : {}) };
    if (channel) update.mutate({ name: channel.name, input });
    else create.mutate({ name: name.trim(), input });
  };
  return (
    <Dialog
      title={channel ? t("changeTitle", { name: channel.name }) : t("new")}
      closeLabel={t("close")}
      kind="drawer"
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button tone="main" type="submit" form={FORM} isBusy={create.isPending || update.isPending}>
            {channel ? t("save") : name.trim() ? t("create", { name: name.trim() }) : t("createPlain")}
          </Button>
        </>
      }
    >
      <form id={FORM} className="stack" onSubmit={save}>
        {error && <Notice problem={asProblem(error)} />}
        {!channel && (
          <Field label={t("name")} isNeeded help={<Ticked text={t("nameHelp")} />}>
            {(ids) => <TextInput {...ids} required autoFocus className="mono" value={name} onChange={(event) => setName(event.target.value)} />}
          </Field>
        )}
        <Field label={t("kind")} help={kind?.summary}>
          {(ids) => (
            <Select {...ids} value={kindName} disabled={channel !== undefined} onChange={(event) => setKindName(event.target.value)}>
              {kinds.map((one) => (
                <option key={one.kind}>{one.kind}</option>
              ))}
            </Select>
          )}
        </Field>
        {fields.length === 0 && <p className="muted">{t("noSettings")}</p>}
        <SchemaForm fields={fields} texts={texts} onChange={(field, text) => setTexts({ ...texts, [field]: text })} />
        {kind?.secrets.map((secret) => (
          <Field key={secret.name} label={t("secret", { name: secret.name })} help={<Ticked text={[secret.about, channel?.hasSecret ? t("secretKept") : t("secretNew")].filter(Boolean).join(" ")} />}>
            {(ids) => (
              <TextInput
                {...ids}
                type="password"
                autoComplete="new-password"
                className="mono"
                placeholder={channel?.hasSecret ? "••••••••" : ""}
                value={secrets[secret.name] ?? ""}
                onChange={(event) => setSecrets({ ...secrets, [secret.name]: event.target.value })}
              />
            )}
          </Field>
        ))}
      </form>
    </Dialog>
  );
}
