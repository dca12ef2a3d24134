/** What the browser keeps between visits. Where it keeps nothing (a private window), each visit starts afresh. */
const PREFIX = "sluice.";

export function kept(name: string): string | null {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

/** Keeps the text, or forgets what was kept. */
export function keep(name: string, text: string | null): void {
  try {
    if (text === null) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, text);
  } catch {
    // Full or forbidden; nothing that must not be lost is kept here only.
  }
}
