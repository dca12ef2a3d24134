import { HeartPulse } from "lucide-react";
import type { Feature } from "@/lib/feature.ts";

/** How stores are doing: connections, sizes, indexes, statements. */
export const stores: Feature = {
  rail: [{ path: "/stores", label: ["Store health", "存储健康"], icon: HeartPulse, group: "data" }],
  routes: [
    { path: "stores", lazy: async () => ({ Component: (await import("./stores-page.tsx")).StoresPage }) },
    { path: "stores/:name", lazy: async () => ({ Component: (await import("./store-page.tsx")).StorePage }) },
  ],
};
