import { Dialog } from "radix-ui";
import { useEffect, useState, type ReactNode, type SyntheticEvent } from "react";
import { Button } from "@/components/button.tsx";
import { Field, TextInput } from "@/components/field.tsx";
import { Notice, Ticked } from "@/components/notice.tsx";
import { queryClient } from "@/graphql/client.ts";
import { asProblem, type ProblemView } from "@/graphql/problem.ts";
import { readOptions, signIn, signInWithToken, useSession, type SessionOptions, type Who } from "@/graphql/session.ts";
import { useWords } from "@/lib/language.ts";
import { words } from "./words.ts";

/** Asks who somebody is. The page it stands before opens as soon as that is known. */
export function SignIn({ end }: { end?: ReactNode }) {
  const t = useWords(words);
  return (
    <main className="sign-in">
      <div className="sign-in-card stack">
        <div className="row">
          <img src="/icon.svg" alt="" width={24} height={24} />
          <h1 className="grow">Sluice</h1>
          {end}
        </div>
        <SignInForm label={t("signIn")} />
      </div>
    </main>
  );
}

/** The same above a page whose session has ended: what stands on the page stays. */
export function SignInAgain() {
  const t = useWords(words);
  const before = useSession((state) => state.who);
  return (
    <Dialog.Root open>
      <Dialog.Portal>
        <Dialog.Overlay className="overlay sign-in-over" />
        <Dialog.Content className="sign-in-card sign-in-again stack" onEscapeKeyDown={stay} onPointerDownOutside={stay} onInteractOutside={stay}>
          <Dialog.Title>{t("endedTitle")}</Dialog.Title>
          <Dialog.Description className="muted">{t("endedText")}</Dialog.Description>
          <SignInForm
            label={t("signInAgain")}
            name={before?.user ? before.name : ""}
            onSigned={(who) => {
              // Somebody else's page is not theirs to go on with; drafts are in this browser.
              if (who.user !== before?.user) window.location.assign("/");
            }}
          />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

/** Only signing in leads on. */
function stay(event: Event): void {
  event.preventDefault();
}

interface FormProps {
  label: string;
  name?: string;
  onSigned?: (who: Who) => void;
}

function SignInForm({ label, name: given = "", onSigned }: FormProps) {
  const t = useWords(words);
  const refused = useSession((state) => state.refused);
  const [options, setOptions] = useState<SessionOptions>();
  const [byToken, setByToken] = useState<boolean>();
  const [name, setName] = useState(given);
  const [password, setPassword] = useState("");
  const [token, setToken] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ProblemView>();
  useEffect(() => {
    readOptions().then(setOptions, (error: unknown) => setProblem(asProblem(error)));
  }, []);
  // Where nobody has a password yet, the token is the only way but the link on the console.
  const isToken = byToken ?? (refused || (options !== undefined && !options.password && !options.oidc));
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (isBusy) return;
    setBusy(true);
    setProblem(undefined);
    (isToken ? signInWithToken(token.trim()) : signIn(name.trim(), password)).then(
      async (who) => {
        onSigned?.(who);
        await queryClient.resetQueries();
      },
      (error: unknown) => {
        setProblem(asProblem(error));
        setPassword("");
        setBusy(false);
      },
    );
  };
  return (
    <form className="stack" onSubmit={submit}>
      {options?.setup && <p className="sign-in-setup">{t("setupOpen")}</p>}
      {problem && <Notice problem={isToken && problem.code === "unauthorized" ? { ...problem, message: t("refused") } : problem} />}
      {!problem && refused && <p className="field-problem">{t("refused")}</p>}
      {isToken ? (
        <Field label={t("token")} help={<Ticked text={t("tokenHelp")} />}>
          {(ids) => <TextInput {...ids} type="password" className="mono" value={token} autoFocus onChange={(event) => setToken(event.target.value)} />}
        </Field>
      ) : (
        <>
          <Field label={t("personName")}>
            {(ids) => <TextInput {...ids} required autoComplete="username" value={name} autoFocus={given === ""} onChange={(event) => setName(event.target.value)} />}
          </Field>
          <Field label={t("password")}>
            {(ids) => <TextInput {...ids} required type="password" autoComplete="current-password" value={password} autoFocus={given !== ""} onChange={(event) => setPassword(event.target.value)} />}
          </Field>
        </>
      )}
      <Button tone="main" type="submit" isBusy={isBusy} disabled={isToken ? !token.trim() : !name.trim() || !password}>
        {label}
      </Button>
      {options?.oidc && (
        <a className="button" href="/api/oidc/login">
          {t("byProvider")}
        </a>
      )}
      <button type="button" className="link-button muted sign-in-other" onClick={() => setByToken(!isToken)}>
        {t(isToken ? "byPassword" : "byToken")}
      </button>
    </form>
  );
}
