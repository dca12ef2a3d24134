import { TriangleAlert } from "lucide-react";
import type { Feature } from "@/lib/feature.ts";

/** What steps have found to be wrong with data and stores. */
export const anomalies: Feature = {
  rail: [{ path: "/anomalies", label: ["Anomalies", "异常"], icon: TriangleAlert }],
  routes: [{ path: "anomalies", lazy: async () => ({ Component: (await import("./anomalies-page.tsx")).AnomaliesPage }) }],
};
