import { Rocket } from "lucide-react";
import type { Feature } from "@/lib/feature.ts";

/** The first steps on a fresh server. */
export const welcome: Feature = {
  routes: [{ path: "welcome", lazy: async () => ({ Component: (await import("./welcome-page.tsx")).WelcomePage }) }],
  commands: [{ id: "welcome", label: ["First steps", "快速入门"], icon: Rocket, path: "/welcome" }],
};
