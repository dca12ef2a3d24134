import { GitCompareArrows } from "lucide-react";
import type { Feature } from "@/lib/feature.ts";

/** Comparisons of two tables, row by row. */
export const diffs: Feature = {
  rail: [{ path: "/diffs", label: ["Compare", "数据对比"], icon: GitCompareArrows, group: "data" }],
  routes: [
    { path: "diffs", lazy: async () => ({ Component: (await import("./diffs-page.tsx")).DiffsPage }) },
    { path: "diffs/new", lazy: async () => ({ Component: (await import("./new-diff-page.tsx")).NewDiffPage }) },
    { path: "diffs/:run", lazy: async () => ({ Component: (await import("./diff-page.tsx")).DiffPage }) },
  ],
  commands: [{ id: "new-diff", label: ["Compare two tables", "对比两张表"], icon: GitCompareArrows, path: "/diffs/new" }],
};
