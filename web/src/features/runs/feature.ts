import { History } from "lucide-react";
import type { ComponentType } from "react";
import type { Feature } from "@/lib/feature.ts";
import type { GraphProps } from "./graph-props.ts";

/** Runs and their history. The graph of a run is drawn by what `app` hands over. */
export function runs(loadGraph: () => Promise<ComponentType<GraphProps>>): Feature {
  return {
    rail: [{ path: "/runs", label: ["Runs", "运行"], icon: History }],
    routes: [
      { path: "runs", lazy: async () => ({ Component: (await import("./runs-page.tsx")).RunsPage }) },
      { path: "runs/compare", lazy: async () => ({ Component: (await import("./compare-page.tsx")).ComparePage }) },
      {
        path: "runs/:id",
        lazy: async () => {
          const [{ makeRunPage }, graph] = await Promise.all([import("./run-page.tsx"), loadGraph()]);
          return { Component: makeRunPage(graph) };
        },
      },
    ],
  };
}
