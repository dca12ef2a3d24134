import { ShieldCheck, ShieldQuestion } from "lucide-react";
import { useWords } from "@/lib/language.ts";
import { words } from "./words.ts";

/** Who signed it; that nobody did is said, too. */
export function Signature({ signedBy }: { signedBy: string | null }) {
  const t = useWords(words);
  return (
    <span className={`plugin-signature ${signedBy ? "tone-good" : "muted"}`}>
      {signedBy ? <ShieldCheck size={14} aria-hidden /> : <ShieldQuestion size={14} aria-hidden />}
      {signedBy ? t("signedBy", { who: signedBy }) : t("notSigned")}
    </span>
  );
}
