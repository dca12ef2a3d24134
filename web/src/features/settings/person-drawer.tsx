import { Trash2 } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/button.tsx";
import { Dialog } from "@/components/dialog.tsx";
import { Field, Select, Switch, TextInput } from "@/components/field.tsx";
import { IconButton } from "@/components/icon-button.tsx";
import { Notice, Ticked } from "@/components/notice.tsx";
import { tell } from "@/components/toast.tsx";
import { useChange } from "@/graphql/client.ts";
import type { LevelWord, PersonFieldsFragment, ThingWord } from "@/graphql/generated/graphql.ts";
import { asProblem } from "@/graphql/problem.ts";
import { useWords } from "@/lib/language.ts";
import { DeletePerson, RemoveGrant, ResetPassword, SetGrant, UpdatePerson } from "./people-operations.ts";
import { words } from "./people-words.ts";
import { RoleField } from "./role-field.tsx";

const LEVELS: readonly LevelWord[] = ["NONE", "READ", "USE", "WRITE"];
const THINGS: readonly ThingWord[] = ["CONNECTION", "WORKFLOW"];

interface Props {
  person: PersonFieldsFragment;
  /** One does not lock oneself out here. */
  isSelf: boolean;
  onClose: () => void;
}

/** One person: role, whether they may sign in, grants, a new password. Each change holds at once. */
export function PersonDrawer({ person, isSelf, onClose }: Props) {
  const t = useWords(words);
  const [password, setPassword] = useState("");
  const [isDeleting, setDeleting] = useState(false);
  const update = useChange(UpdatePerson);
  const reset = useChange(ResetPassword, {
    onSuccess: () => {
      setPassword("");
      tell(t("wasReset", { name: person.name }));
    },
  });
  const remove = useChange(DeletePerson, {
    onSuccess: () => {
      tell(t("deleted", { name: person.name }));
      onClose();
    },
  });
  const error = update.error ?? reset.error;
  if (isDeleting) {
    return (
      <Dialog
        title={t("deleteTitle", { name: person.name })}
        closeLabel={t("close")}
        onClose={() => setDeleting(false)}
        foot={
          <>
            <Button onClick={() => setDeleting(false)}>{t("cancel")}</Button>
            <Button tone="danger" isBusy={remove.isPending} onClick={() => remove.mutate({ id: person.id })}>
              {t("deleteYes", { name: person.name })}
            </Button>
          </>
        }
      >
        <div className="stack">
          <p>{t("deleteText")}</p>
          {remove.error && <Notice problem={asProblem(remove.error)} />}
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog
      title={person.name}
      closeLabel={t("close")}
      kind="drawer"
      onClose={onClose}
      foot={
        !isSelf && (
          <Button tone="danger" icon={Trash2} onClick={() => setDeleting(true)}>
            {t("delete", { name: person.name })}
          </Button>
        )
      }
    >
      <div className="stack person">
        {error && <Notice problem={asProblem(error)} />}
        <RoleField role={person.role} disabled={isSelf || update.isPending} onChange={(role) => update.mutate({ id: person.id, role })} />
        <Switch label={t("mayIn")} isOn={!person.disabled} disabled={isSelf || update.isPending} onChange={(isOn) => update.mutate({ id: person.id, disabled: !isOn })} />
        <Grants person={person} />
        {!isSelf && (
          <form
            className="stack person-part"
            onSubmit={(event) => {
              event.preventDefault();
              reset.mutate({ id: person.id, password });
            }}
          >
            <h3>{t("resetTitle")}</h3>
            <Field label={t("password")} help={t("passwordHelp")}>
              {(ids) => <TextInput {...ids} type="password" autoComplete="new-password" minLength={10} required value={password} onChange={(event) => setPassword(event.target.value)} />}
            </Field>
            <Button type="submit" className="person-button" isBusy={reset.isPending} disabled={password.length < 10}>
              {t("reset")}
            </Button>
          </form>
        )}
      </div>
    </Dialog>
  );
}

function Grants({ person }: { person: PersonFieldsFragment }) {
  const t = useWords(words);
  const [thing, setThing] = useState<ThingWord>("CONNECTION");
  const [pattern, setPattern] = useState("");
  const [level, setLevel] = useState<LevelWord>("READ");
  const set = useChange(SetGrant, { onSuccess: () => setPattern("") });
  const remove = useChange(RemoveGrant);
  const error = set.error ?? remove.error;
  return (
    <section className="stack person-part" aria-label={t("grants")}>
      <h3>{t("grants")}</h3>
      <p className="field-help">
        <Ticked text={t("grantsText")} />
      </p>
      {error && <Notice problem={asProblem(error)} />}
      {person.grants.length === 0 ? (
        <p className="muted">{t("noGrants")}</p>
      ) : (
        <table className="plain-table">
          <thead>
            <tr>
              <th scope="col">{t("thing")}</th>
              <th scope="col">{t("pattern")}</th>
              <th scope="col">{t("level")}</th>
              <th scope="col" />
            </tr>
          </thead>
          <tbody>
            {person.grants.map((grant) => (
              <tr key={`${grant.thing} ${grant.pattern}`} data-grant={grant.pattern}>
                <td>{t(grant.thing)}</td>
                <td>
                  <code>{grant.pattern}</code>
                </td>
                <td>{t(grant.level)}</td>
                <td>
                  <IconButton icon={Trash2} label={t("removeGrant", { pattern: grant.pattern })} onClick={() => remove.mutate({ user: person.id, thing: grant.thing, pattern: grant.pattern })} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <form
        className="person-grant"
        onSubmit={(event) => {
          event.preventDefault();
          set.mutate({ user: person.id, thing, pattern: pattern.trim(), level });
        }}
      >
        <div className="row">
          <Select aria-label={t("thing")} value={thing} onChange={(event) => setThing(event.target.value as ThingWord)}>
            {THINGS.map((one) => (
              <option key={one} value={one}>
                {t(one)}
              </option>
            ))}
          </Select>
          <TextInput aria-label={t("pattern")} className="mono" placeholder="market-*" required value={pattern} onChange={(event) => setPattern(event.target.value)} />
        </div>
        <div className="row">
          <Select aria-label={t("level")} value={level} onChange={(event) => setLevel(event.target.value as LevelWord)}>
            {LEVELS.map((one) => (
              <option key={one} value={one}>
                {t(one)}
              </option>
            ))}
          </Select>
          <Button type="submit" isBusy={set.isPending} disabled={!pattern.trim()}>
            {t("setGrant")}
          </Button>
        </div>
      </form>
    </section>
  );
}
