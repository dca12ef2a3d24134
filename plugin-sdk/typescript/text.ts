/**
 * UTF-8 in both directions, quickly. The engine inside the sandbox has no `TextDecoder`, but native ways around it:
 * texts of pure ASCII are cut out of one string, and only others are decoded one by one.
 */

declare const TextDecoder: undefined | (new () => { decode(bytes: Uint8Array): string });
declare const TextEncoder: undefined | (new () => { encode(text: string): Uint8Array });
declare function escape(text: string): string;
declare function unescape(text: string): string;
declare function atob(text: string): string;
declare function btoa(text: string): string;

type Base64Bytes = Uint8Array & { toBase64?(): string };
type Base64 = typeof Uint8Array & { fromBase64?(text: string): Uint8Array };

const ASCII = /^[\x00-\x7f]*$/;

/** One character for each byte. */
export function toLatin1(bytes: Uint8Array): string {
  const encoded = (bytes as Base64Bytes).toBase64?.();
  if (encoded !== undefined) return atob(encoded);
  let text = "";
  for (let start = 0; start < bytes.length; start += 8192) {
    text += String.fromCharCode.apply(null, bytes.subarray(start, start + 8192) as unknown as number[]);
  }
  return text;
}

/** The text that bytes spell; throws where they are no UTF-8. */
export function decodeText(bytes: Uint8Array): string {
  if (typeof TextDecoder !== "undefined") return new TextDecoder().decode(bytes);
  return decodeLatin1(toLatin1(bytes));
}

/** Of a text that has one character for each byte of UTF-8. */
export function decodeLatin1(text: string): string {
  return ASCII.test(text) ? text : decodeURIComponent(escape(text));
}

/** One character for each byte of the text's UTF-8; half of a character pair becomes U+FFFD. */
export function encodeLatin1(text: string): string {
  if (ASCII.test(text)) return text;
  const whole = (text as string & { toWellFormed?(): string }).toWellFormed?.() ?? text;
  return unescape(encodeURIComponent(whole));
}

/** The UTF-8 of a text. */
export function encodeText(text: string): Uint8Array {
  if (typeof TextEncoder !== "undefined") return new TextEncoder().encode(text);
  return fromLatin1(encodeLatin1(text));
}

/** The bytes of a text that has one character for each. */
export function fromLatin1(text: string): Uint8Array {
  const native = (Uint8Array as Base64).fromBase64;
  if (native !== undefined) return native.call(Uint8Array, btoa(text));
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index += 1) bytes[index] = text.charCodeAt(index);
  return bytes;
}
