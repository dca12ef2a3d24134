import { useState } from "react";
import { Button } from "@/components/button.tsx";
import { Section } from "@/components/facts.tsx";
import { Field, TextInput } from "@/components/field.tsx";
import { Notice } from "@/components/notice.tsx";
import { tell } from "@/components/toast.tsx";
import { useChange } from "@/graphql/client.ts";
import { asProblem } from "@/graphql/problem.ts";
import { useSession } from "@/graphql/session.ts";
import { useWords } from "@/lib/language.ts";
import { ChangePassword } from "./people-operations.ts";
import { words } from "./people-words.ts";
import { SettingsPage } from "./settings-page.tsx";

/** One's own password. */
export function PasswordPage() {
  const t = useWords(words);
  const name = useSession((state) => state.who?.name ?? "");
  const [old, setOld] = useState("");
  const [next, setNext] = useState("");
  const { mutate, isPending, error } = useChange(ChangePassword, {
    onSuccess: () => {
      setOld("");
      setNext("");
      tell(t("passwordChanged"));
    },
  });
  return (
    <SettingsPage title={t("changePassword")}>
      <div className="sections">
        <Section title={`${t("changePassword")}: ${name}`}>
          <form
            className="stack password-form"
            onSubmit={(event) => {
              event.preventDefault();
              mutate({ old, new: next });
            }}
          >
            {error && <Notice problem={asProblem(error)} />}
            <Field label={t("oldPassword")}>
              {(ids) => <TextInput {...ids} required type="password" autoComplete="current-password" value={old} onChange={(event) => setOld(event.target.value)} />}
            </Field>
            <Field label={t("newPassword")} help={t("newPasswordHelp")}>
              {(ids) => <TextInput {...ids} required minLength={10} type="password" autoComplete="new-password" value={next} onChange={(event) => setNext(event.target.value)} />}
            </Field>
            <Button tone="main" type="submit" className="person-button" isBusy={isPending} disabled={!old || next.length < 10}>
              {t("changePassword")}
            </Button>
          </form>
        </Section>
      </div>
    </SettingsPage>
  );
}
