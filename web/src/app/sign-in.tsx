import { useState } from "react";
import { Button } from "@/components/button.tsx";
import { Field, TextInput } from "@/components/field.tsx";
import { Ticked } from "@/components/notice.tsx";
import { useSession } from "@/graphql/session.ts";
import { useWords } from "@/lib/language.ts";
import { words } from "./words.ts";

/** Asks for the API token. The page it stands before opens as soon as there is one. */
export function SignIn() {
  const t = useWords(words);
  const { signIn, refused } = useSession();
  const [token, setToken] = useState("");
  return (
    <main className="sign-in">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (token.trim()) signIn(token.trim());
        }}
      >
        <div className="row">
          <img src="/icon.svg" alt="" width={24} height={24} />
          <h1>Sluice</h1>
        </div>
        <p className="muted">{t("signInText")}</p>
        <Field label={t("token")} help={<Ticked text={t("tokenHelp")} />} problem={refused ? t("refused") : undefined}>
          {(ids) => (
            <TextInput
              {...ids}
              type="password"
              className="mono"
              value={token}
              autoFocus
              onChange={(event) => setToken(event.target.value)}
            />
          )}
        </Field>
        <Button tone="main" type="submit" disabled={!token.trim()}>
          {t("signIn")}
        </Button>
      </form>
    </main>
  );
}
