import { Copy } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/button.tsx";
import { Dialog } from "@/components/dialog.tsx";
import { Field, Select, Switch, TextInput } from "@/components/field.tsx";
import { Notice } from "@/components/notice.tsx";
import { tell } from "@/components/toast.tsx";
import { useChange } from "@/graphql/client.ts";
import type { RoleWord } from "@/graphql/generated/graphql.ts";
import { asProblem } from "@/graphql/problem.ts";
import { useSession, type Role } from "@/graphql/session.ts";
import { useWords } from "@/lib/language.ts";
import { CreateToken } from "./people-operations.ts";
import { words } from "./people-words.ts";
import { ROLES } from "./role-field.tsx";

const RANK: Record<Role, number> = { viewer: 0, operator: 1, editor: 2, admin: 3 };
const DAYS = ["30", "90", "365", ""];

/** Makes a token, and shows it once: it stays until one says that one has it. */
export function TokenDialog({ onClose }: { onClose: () => void }) {
  const t = useWords(words);
  const own = useSession((state) => state.who?.role ?? "viewer");
  const [name, setName] = useState("");
  const [role, setRole] = useState<RoleWord | "">("");
  const [isReadOnly, setReadOnly] = useState(false);
  const [days, setDays] = useState("90");
  const [isCopied, setCopied] = useState(false);
  const { mutate, isPending, data, error } = useChange(CreateToken);
  const made = data?.createToken;
  if (made) {
    return (
      <Dialog
        title={`${t("tokenMade")} ${made.token.name}`}
        description={t("tokenOnce")}
        closeLabel={t("close")}
        // A click beside it or Esc would lose it for good.
        onClose={() => (isCopied ? onClose() : tell(t("tokenOnce")))}
        foot={
          <Button tone="main" onClick={onClose}>
            {t("done")}
          </Button>
        }
      >
        <div className="token-text">
          <code data-token>{made.text}</code>
          <Button
            icon={Copy}
            onClick={() => {
              void navigator.clipboard.writeText(made.text);
              setCopied(true);
              tell(t("copied"));
            }}
          >
            {t("copy")}
          </Button>
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog
      title={t("newToken")}
      closeLabel={t("close")}
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button tone="main" type="submit" form="token-form" isBusy={isPending} disabled={!name.trim()}>
            {t("makeToken")}
          </Button>
        </>
      }
    >
      <form
        id="token-form"
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          const expiresAt = days === "" ? null : new Date(Date.now() + Number(days) * 86_400_000).toISOString();
          mutate({ input: { name: name.trim(), role: role || null, readOnly: isReadOnly, expiresAt } });
        }}
      >
        {error && <Notice problem={asProblem(error)} />}
        <Field label={t("tokenFor")} isNeeded>
          {(ids) => <TextInput {...ids} required autoFocus value={name} onChange={(event) => setName(event.target.value)} />}
        </Field>
        <Field label={t("tokenRole")}>
          {(ids) => (
            <Select {...ids} value={role} onChange={(event) => setRole(event.target.value as RoleWord | "")}>
              <option value="">{t("tokenRoleOwn")}</option>
              {ROLES.filter((_, rank) => rank <= RANK[own]).map((one) => (
                <option key={one} value={one}>
                  {t(one)}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Switch label={t("readOnly")} isOn={isReadOnly} onChange={setReadOnly} />
        <Field label={t("days")}>
          {(ids) => (
            <Select {...ids} value={days} onChange={(event) => setDays(event.target.value)}>
              {DAYS.map((one) => (
                <option key={one} value={one}>
                  {one === "" ? t("neverEnds") : t("day", { n: one })}
                </option>
              ))}
            </Select>
          )}
        </Field>
      </form>
    </Dialog>
  );
}
