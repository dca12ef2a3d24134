import { spell } from "@/lib/shortcut.ts";

/** A shortcut as the keys one presses. */
export function Keys({ shortcut }: { shortcut: string }) {
  return (
    <span className="keys" aria-hidden>
      {spell(shortcut).map((key) => (
        <kbd key={key}>{key}</kbd>
      ))}
    </span>
  );
}
