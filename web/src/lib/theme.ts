/** Light, dark, or as the system has it. */
import { create } from "zustand";
import { keep, kept } from "./storage.ts";

export type Theme = "system" | "light" | "dark";

interface ThemeState {
  theme: Theme;
  setTheme: (theme: Theme) => void;
}

function first(): Theme {
  const saved = kept("theme");
  return saved === "light" || saved === "dark" ? saved : "system";
}

export const useTheme = create<ThemeState>()((set) => ({
  theme: first(),
  setTheme: (theme) => {
    keep("theme", theme === "system" ? null : theme);
    showTheme(theme);
    set({ theme });
  },
}));

/** Puts the theme on the page; the style sheet does the rest. */
export function showTheme(theme: Theme = useTheme.getState().theme): void {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}
