import { Megaphone } from "lucide-react";
import type { Feature } from "@/lib/feature.ts";

/** The ways alerts reach people. */
export const channels: Feature = {
  rail: [{ path: "/channels", label: ["Channels", "通知渠道"], icon: Megaphone, group: "system" }],
  routes: [{ path: "channels", lazy: async () => ({ Component: (await import("./channels-page.tsx")).ChannelsPage }) }],
  commands: [{ id: "new-channel", label: ["New channel", "新建渠道"], icon: Megaphone, path: "/channels?new=1" }],
};
