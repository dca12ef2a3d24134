import { SquareTerminal } from "lucide-react";
import type { Feature } from "@/lib/feature.ts";

/** The SQL console. */
export const sqlConsole: Feature = {
  rail: [{ path: "/console", label: ["SQL console", "SQL 控制台"], icon: SquareTerminal, group: "data" }],
  routes: [{ path: "console", lazy: async () => ({ Component: (await import("./console-page.tsx")).ConsolePage }) }],
};
