import { Blocks } from "lucide-react";
import type { Feature } from "@/lib/feature.ts";

/** What was installed besides, and what it may reach. */
export const plugins: Feature = {
  rail: [{ path: "/plugins", label: ["Plugins", "插件"], icon: Blocks, group: "system", needs: "plugins" }],
  routes: [
    { path: "plugins", lazy: async () => ({ Component: (await import("./plugins-page.tsx")).PluginsPage }) },
    { path: "plugins/:name", lazy: async () => ({ Component: (await import("./plugin-page.tsx")).PluginPage }) },
  ],
  commands: [{ id: "install-plugin", label: ["Install a plugin", "安装插件"], icon: Blocks, path: "/plugins?install=1" }],
};
