import { LayoutTemplate, Plus, Workflow } from "lucide-react";
import type { Feature } from "@/lib/feature.ts";

/** The list of workflows. */
export const workflows: Feature = {
  rail: [{ path: "/workflows", label: ["Workflows", "工作流"], icon: Workflow }],
  routes: [
    { path: "workflows", lazy: async () => ({ Component: (await import("./workflows-page.tsx")).WorkflowsPage }) },
    { path: "templates", lazy: async () => ({ Component: (await import("./templates-page.tsx")).TemplatesPage }) },
  ],
  commands: [
    { id: "templates", label: ["Templates of workflows", "工作流模板"], icon: LayoutTemplate, path: "/templates" },
    { id: "new-workflow", label: ["New workflow", "新建工作流"], icon: Plus, path: "/workflows/new" }],
};
