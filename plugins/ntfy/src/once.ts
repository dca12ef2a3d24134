/** Delivers an alert once: what was delivered is kept in a ring of the capability `kv`, so that memory does not grow. */

import { decodeText, type Host } from "sluice";

const SLOTS = 4096;

/** Calls `deliver`, unless this alert reached this receiver before; without the grant `kv` every attempt delivers. */
export function once(host: Host, receiver: string, key: string, deliver: () => string | undefined): string | undefined {
  const name = `${receiver} ${key}`;
  const slot = `delivered/${hash(name) % SLOTS}`;
  const kept = remembered(host, slot);
  if (kept?.name === name) {
    host.log("info", "this alert was delivered before");
    return kept.id;
  }
  const id = deliver();
  try {
    host.set(slot, JSON.stringify({ name, id }));
  } catch {
    // The message is out: that it cannot be remembered is no reason to send it again.
  }
  return id;
}

function remembered(host: Host, slot: string): { name?: string; id?: string } | undefined {
  try {
    const kept = host.get(slot);
    return kept === undefined ? undefined : (JSON.parse(decodeText(kept)) as { name?: string; id?: string });
  } catch {
    return undefined;
  }
}

/** FNV-1a: only the place in the ring depends on it, for the whole name is compared. */
function hash(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}
