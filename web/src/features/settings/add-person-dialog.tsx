import { useState } from "react";
import { Button } from "@/components/button.tsx";
import { Dialog } from "@/components/dialog.tsx";
import { Field, TextInput } from "@/components/field.tsx";
import { Notice } from "@/components/notice.tsx";
import { tell } from "@/components/toast.tsx";
import { useChange } from "@/graphql/client.ts";
import type { RoleWord } from "@/graphql/generated/graphql.ts";
import { asProblem } from "@/graphql/problem.ts";
import { useWords } from "@/lib/language.ts";
import { CreatePerson } from "./people-operations.ts";
import { words } from "./people-words.ts";
import { RoleField } from "./role-field.tsx";

/** Lets somebody sign in. */
export function AddPersonDialog({ onClose }: { onClose: () => void }) {
  const t = useWords(words);
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [role, setRole] = useState<RoleWord>("VIEWER");
  const { mutate, isPending, error } = useChange(CreatePerson, {
    onSuccess: ({ createUser }) => {
      tell(t("created", { name: createUser.name }));
      onClose();
    },
  });
  return (
    <Dialog
      title={t("add")}
      closeLabel={t("close")}
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button tone="main" type="submit" form="person-form" isBusy={isPending}>
            {name.trim() ? t("create", { name: name.trim() }) : t("createPlain")}
          </Button>
        </>
      }
    >
      <form
        id="person-form"
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          mutate({ name: name.trim(), password: password || null, role });
        }}
      >
        {error && <Notice problem={asProblem(error)} />}
        <Field label={t("name")} isNeeded help={t("nameHelp")}>
          {(ids) => <TextInput {...ids} required autoFocus value={name} onChange={(event) => setName(event.target.value)} />}
        </Field>
        <Field label={t("password")} help={t("passwordNew")}>
          {(ids) => <TextInput {...ids} type="password" autoComplete="new-password" value={password} onChange={(event) => setPassword(event.target.value)} />}
        </Field>
        <RoleField role={role} onChange={setRole} />
      </form>
    </Dialog>
  );
}
