import { TriangleAlert } from "lucide-react";
import { useWords, type Translate } from "@/lib/language.ts";
import { isUsualPort, readAddress, type Address } from "./capability.ts";
import { words } from "./words.ts";

/** An address pattern in a sentence; one of any host is marked. */
export function AddressSentence({ pattern }: { pattern: string }) {
  const t = useWords(words);
  const address = readAddress(pattern);
  if (!address) return <code>{pattern}</code>;
  return (
    <span className="plugin-ask">
      {address.reach === "any" && <TriangleAlert size={13} aria-hidden className="tone-icon tone-warned" />}
      <span>{spell(t, address)}</span>
      <code className="muted">{pattern}</code>
    </span>
  );
}

function spell(t: Translate<typeof words>, address: Address): string {
  const host = address.reach === "any" ? t("anyHost") : t(address.reach === "below" ? "belowHost" : "oneHost", { host: address.host });
  const port = isUsualPort(address) ? "" : address.port === undefined ? t("anyPort") : t("onPort", { port: address.port });
  const where = host + port;
  return address.scheme ? t("sentenceHttp", { scheme: address.scheme, where }) : t("sentenceTcp", { where });
}
