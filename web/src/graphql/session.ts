/** The API token this browser sends. It comes from the sign-in page, or from the address's `#token=…`. */
import { create } from "zustand";
import { keep, kept } from "@/lib/storage.ts";

interface SessionState {
  token: string | null;
  /** Whether the server refused the token that was kept. */
  refused: boolean;
  /** Fields of the API that may be asked for; null: not known. */
  operations: ReadonlySet<string> | null;
  signIn: (token: string) => void;
  signOut: (refused?: boolean) => void;
}

export const useSession = create<SessionState>()((set) => ({
  token: kept("token"),
  refused: false,
  operations: null,
  signIn: (token) => {
    keep("token", token);
    set({ token, refused: false });
  },
  signOut: (refused = false) => {
    keep("token", null);
    set({ token: null, refused });
  },
}));

/** Takes a token out of the address, so that it stays in no history and no bookmark. */
export function takeTokenFromAddress(): void {
  const match = /^#token=([^&]+)$/.exec(window.location.hash);
  if (!match?.[1]) return;
  window.history.replaceState(null, "", window.location.pathname + window.location.search);
  useSession.getState().signIn(decodeURIComponent(match[1]));
}

/** Whether the person may ask for that field of the API. Until the server has told, everything is offered. */
export function useMay(operation: string): boolean {
  return useSession((state) => state.operations === null || state.operations.has(operation));
}
