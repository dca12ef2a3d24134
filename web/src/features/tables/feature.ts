import { TableProperties } from "lucide-react";
import type { Feature } from "@/lib/feature.ts";

/** Tables as code: a document of tables, what has to be run for it, and what was done. */
export const tables: Feature = {
  rail: [{ path: "/tables", label: ["Tables as code", "表即代码"], icon: TableProperties, group: "data" }],
  routes: [{ path: "tables", lazy: async () => ({ Component: (await import("./tables-page.tsx")).TablesPage }) }],
};
