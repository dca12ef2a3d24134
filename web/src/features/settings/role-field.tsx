import { Field, Select } from "@/components/field.tsx";
import type { RoleWord } from "@/graphql/generated/graphql.ts";
import { useWords } from "@/lib/language.ts";
import { words } from "./people-words.ts";

export const ROLES: readonly RoleWord[] = ["VIEWER", "OPERATOR", "EDITOR", "ADMIN"];
const HELP = { VIEWER: "viewerHelp", OPERATOR: "operatorHelp", EDITOR: "editorHelp", ADMIN: "adminHelp" } as const;

/** A role, with what it allows in a sentence. */
export function RoleField({ role, onChange, disabled = false }: { role: RoleWord; onChange: (role: RoleWord) => void; disabled?: boolean }) {
  const t = useWords(words);
  return (
    <Field label={t("role")} help={t(HELP[role])}>
      {(ids) => (
        <Select {...ids} value={role} disabled={disabled} onChange={(event) => onChange(event.target.value as RoleWord)}>
          {ROLES.map((one) => (
            <option key={one} value={one}>
              {t(one)}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}
