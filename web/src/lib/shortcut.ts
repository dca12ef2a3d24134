/** Key strokes as text: `Mod+Shift+z`, where Mod is Ctrl, and Cmd on a Mac. */
export interface Stroke {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
  altKey: boolean;
}

export const isMac = typeof navigator !== "undefined" && navigator.userAgent.includes("Mac");

/** Whether the stroke is the one the text spells. */
export function matches(stroke: Stroke, shortcut: string): boolean {
  const parts = shortcut.split("+");
  // A shortcut that ends with `+` means that very key.
  const key = shortcut.endsWith("+") ? "+" : (parts.at(-1) ?? "");
  const has = (name: string) => parts.slice(0, -1).includes(name);
  const mod = isMac ? stroke.metaKey : stroke.ctrlKey;
  if (mod !== has("Mod") || stroke.altKey !== has("Alt")) return false;
  // Shift is part of the key where it makes another sign of it (`?`, `+`).
  const isSign = key.length === 1 && key.toLowerCase() === key.toUpperCase();
  if (!isSign && stroke.shiftKey !== has("Shift")) return false;
  return stroke.key.toLowerCase() === key.toLowerCase();
}

const ARROWS: Readonly<Record<string, string>> = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓" };

/** As people read it: `Ctrl Shift Z`. */
export function spell(shortcut: string): string[] {
  const parts = shortcut.endsWith("+") ? [...shortcut.slice(0, -1).split("+").filter(Boolean), "+"] : shortcut.split("+");
  return parts.map((part) => {
    if (part === "Mod") return isMac ? "⌘" : "Ctrl";
    if (part === "Delete") return "Del";
    if (part === "Escape") return "Esc";
    if (part in ARROWS) return ARROWS[part] ?? part;
    return part.length === 1 ? part.toUpperCase() : part;
  });
}

/** Whether the keys belong to the text someone is writing. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}
