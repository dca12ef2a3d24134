/**
 * The page's Content-Security-Policy lets only style elements through that carry the nonce of this very page. The server
 * writes it into a `meta` element; libraries that make style elements are told of it here.
 */
import { setNonce as setStyleNonce } from "get-nonce";

export function findNonce(): string | undefined {
  return document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? undefined;
}

/** Tells the library behind dialogs, which locks the page's scrolling by a style element. */
export function setNonce(): void {
  const nonce = findNonce();
  if (nonce) setStyleNonce(nonce);
}
