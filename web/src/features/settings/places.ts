/** The places of the settings, in the order in which they are shown; each with the operation that opens it. */
import type { words as peopleWords } from "./people-words.ts";
import type { words } from "./words.ts";

export interface Place {
  path: string;
  word: keyof typeof words | keyof typeof peopleWords;
  /** Who may not ask for it is not shown the place. */
  needs?: string;
}

export const PLACES: readonly Place[] = [
  { path: "/settings", word: "server", needs: "server" },
  { path: "/settings/retention", word: "retention" },
  { path: "/settings/backups", word: "backups" },
  { path: "/settings/people", word: "people", needs: "users" },
  { path: "/settings/tokens", word: "tokens", needs: "tokens" },
  { path: "/settings/sessions", word: "sessions", needs: "sessions" },
  { path: "/settings/audit", word: "audit", needs: "auditLog" },
];
