import { Settings } from "lucide-react";
import type { Feature } from "@/lib/feature.ts";

/** The server itself, and what is kept for how long. */
export const settings: Feature = {
  rail: [{ path: "/settings", label: ["Settings", "设置"], icon: Settings, group: "system" }],
  routes: [
    { path: "settings", lazy: async () => ({ Component: (await import("./server-page.tsx")).ServerPage }) },
    { path: "settings/retention", lazy: async () => ({ Component: (await import("./retention-page.tsx")).RetentionPage }) },
    { path: "settings/people", lazy: async () => ({ Component: (await import("./people-page.tsx")).PeoplePage }) },
    { path: "settings/tokens", lazy: async () => ({ Component: (await import("./tokens-page.tsx")).TokensPage }) },
    { path: "settings/sessions", lazy: async () => ({ Component: (await import("./sessions-page.tsx")).SessionsPage }) },
    { path: "settings/audit", lazy: async () => ({ Component: (await import("./audit-page.tsx")).AuditPage }) },
    { path: "settings/password", lazy: async () => ({ Component: (await import("./password-page.tsx")).PasswordPage }) },
    { path: "settings/backups", lazy: async () => ({ Component: (await import("./backups-page.tsx")).BackupsPage }) },
  ],
};
