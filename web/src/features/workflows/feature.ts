import { Plus, Workflow } from "lucide-react";
import type { Feature } from "@/lib/feature.ts";

/** The list of workflows. */
export const workflows: Feature = {
  rail: [{ path: "/workflows", label: ["Workflows", "工作流"], icon: Workflow }],
  routes: [
    { path: "workflows", lazy: async () => ({ Component: (await import("./workflows-page.tsx")).WorkflowsPage }) },
  ],
  commands: [{ id: "new-workflow", label: ["New workflow", "新建工作流"], icon: Plus, path: "/workflows/new" }],
};
