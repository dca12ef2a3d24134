import { Database, Plus } from "lucide-react";
import type { Feature } from "@/lib/feature.ts";

/** Saved addresses of systems, and what is in them. */
export const connections: Feature = {
  rail: [{ path: "/connections", label: ["Connections", "连接"], icon: Database, group: "data" }],
  routes: [
    { path: "connections", lazy: async () => ({ Component: (await import("./connections-page.tsx")).ConnectionsPage }) },
    { path: "connections/:name", lazy: async () => ({ Component: (await import("./schema-page.tsx")).SchemaPage }) },
  ],
  commands: [{ id: "new-connection", label: ["New connection", "新建连接"], icon: Plus, path: "/connections?new=1" }],
};
