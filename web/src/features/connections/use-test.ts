import { tell } from "@/components/toast.tsx";
import { useChange } from "@/graphql/client.ts";
import { useWords } from "@/lib/language.ts";
import { TestConnection } from "./operations.ts";
import { words } from "./words.ts";

/** Asks the system who it is, and tells its answer in one line. */
export function useTest(name: string): { test: () => void; isTesting: boolean } {
  const t = useWords(words);
  const { mutate, isPending } = useChange(TestConnection, {
    onSuccess: ({ testConnection: { ok, message, hint, durationMs } }) =>
      ok
        ? tell(t("testedWell", { name, message, ms: durationMs }))
        : tell([t("testedBadly", { name, message }), hint].filter(Boolean).join(". "), { isBad: true }),
    onError: (error) => tell(error.message, { isBad: true }),
  });
  return { test: () => mutate({ name }), isTesting: isPending };
}
