import { useState, type ReactNode, type SyntheticEvent } from "react";
import { useNavigate } from "react-router";
import { Button } from "@/components/button.tsx";
import { Field, TextInput } from "@/components/field.tsx";
import { Notice } from "@/components/notice.tsx";
import { asProblem, type ProblemView } from "@/graphql/problem.ts";
import { setUp, useSession } from "@/graphql/session.ts";
import { useWords } from "@/lib/language.ts";
import { words } from "./words.ts";

/** A fresh server's first visitor becomes its admin. */
export function FirstRun({ setup, end }: { setup: string; end: ReactNode }) {
  const t = useWords(words);
  const navigate = useNavigate();
  const [name, setName] = useState("admin");
  const [password, setPassword] = useState("");
  const [isShown, setShown] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ProblemView>();
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    setBusy(true);
    setUp(setup, name.trim(), password).then(
      () => navigate("/welcome"),
      (error: unknown) => {
        setProblem(asProblem(error));
        setBusy(false);
      },
    );
  };
  return (
    <main className="sign-in">
      <form className="sign-in-card stack" onSubmit={submit}>
        <div className="row">
          <img src="/icon.svg" alt="" width={24} height={24} />
          <h1 className="grow">{t("setupTitle")}</h1>
          {end}
        </div>
        <p className="muted">{t("setupText")}</p>
        {problem && (
          <Notice
            problem={problem}
            action={
              problem.code === "unauthorized" ? <Button onClick={() => useSession.setState({ setup: null })}>{t("signIn")}</Button> : undefined
            }
          />
        )}
        <Field label={t("personName")}>
          {(ids) => <TextInput {...ids} required autoComplete="username" value={name} onChange={(event) => setName(event.target.value)} />}
        </Field>
        <Field label={t("password")} help={t("passwordHelp")}>
          {(ids) => (
            <TextInput {...ids} required minLength={10} autoFocus type={isShown ? "text" : "password"} autoComplete="new-password" value={password} onChange={(event) => setPassword(event.target.value)} />
          )}
        </Field>
        <button type="button" className="link-button muted" aria-pressed={isShown} onClick={() => setShown(!isShown)}>
          {t(isShown ? "hidePassword" : "showPassword")}
        </button>
        <Button tone="main" type="submit" isBusy={isBusy} disabled={!name.trim() || password.length < 10}>
          {t("setupDo")}
        </Button>
      </form>
    </main>
  );
}
