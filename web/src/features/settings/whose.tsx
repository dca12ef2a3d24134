import { useSearchParams } from "react-router";
import { Segments } from "@/components/segments.tsx";
import { useMay, useSession } from "@/graphql/session.ts";
import { useWords } from "@/lib/language.ts";
import { words } from "./people-words.ts";

/** Whether everybody's are shown, as the address says; only to whom may see them. The server's own token has none of its own. */
export function useAll(): boolean {
  const [search] = useSearchParams();
  const isAdmin = useMay("users");
  const isNobody = useSession((state) => state.who?.user === null);
  return isAdmin && (isNobody || search.get("whose") === "all");
}

export function Whose() {
  const t = useWords(words);
  const [, setSearch] = useSearchParams();
  const isAdmin = useMay("users");
  const isNobody = useSession((state) => state.who?.user === null);
  const isAll = useAll();
  if (!isAdmin || isNobody) return null;
  return (
    <div className="bar">
      <Segments
        label={t("whose")}
        value={isAll ? "all" : "mine"}
        choices={[
          { value: "mine", label: t("mine") },
          { value: "all", label: t("everybodys") },
        ]}
        onChange={(value) => setSearch(value === "all" ? { whose: "all" } : {}, { replace: true })}
      />
    </div>
  );
}
