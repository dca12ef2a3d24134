import type { Feature } from "@/lib/feature.ts";

/** The editor of a workflow; its place in the rail is that of the list. */
export const editor: Feature = {
  routes: [
    { path: "workflows/new", lazy: async () => ({ Component: (await import("./editor-page.tsx")).EditorPage }) },
    { path: "workflows/:name", lazy: async () => ({ Component: (await import("./editor-page.tsx")).EditorPage }) },
  ],
};
