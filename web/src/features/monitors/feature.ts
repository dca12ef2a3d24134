import { Activity, Plus } from "lucide-react";
import type { Feature } from "@/lib/feature.ts";

/** Monitors: comparisons on a schedule, with thresholds. */
export const monitors: Feature = {
  rail: [{ path: "/monitors", label: ["Monitors", "监控"], icon: Activity, group: "data" }],
  routes: [
    { path: "monitors", lazy: async () => ({ Component: (await import("./monitors-page.tsx")).MonitorsPage }) },
    { path: "monitors/:name", lazy: async () => ({ Component: (await import("./monitor-page.tsx")).MonitorPage }) },
  ],
  commands: [{ id: "new-monitor", label: ["New monitor", "新建监控"], icon: Plus, path: "/monitors?new=1" }],
};
