import { BellRing } from "lucide-react";
import type { Feature } from "@/lib/feature.ts";

/** What people were told, what became of it, and the policy that says whom and when. */
export const alerts: Feature = {
  rail: [{ path: "/alerts", label: ["Alerts", "告警"], icon: BellRing }],
  routes: [
    { path: "alerts", lazy: async () => ({ Component: (await import("./alerts-page.tsx")).AlertsPage }) },
    { path: "alerts/policy", lazy: async () => ({ Component: (await import("./policy-page.tsx")).PolicyPage }) },
  ],
  commands: [{ id: "alert-policy", label: ["Alert policy: routes, quiet hours, templates", "告警策略：路由、静默时段、模板"], icon: BellRing, path: "/alerts/policy" }],
};
