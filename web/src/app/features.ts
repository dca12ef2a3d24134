/** Every feature, one line each: its place in the rail, its routes and its commands come from here. */
import { alerts } from "@/features/alerts/feature.ts";
import { anomalies } from "@/features/anomalies/feature.ts";
import { channels } from "@/features/channels/feature.ts";
import { connections } from "@/features/connections/feature.ts";
import { sqlConsole } from "@/features/console/feature.ts";
import { diffs } from "@/features/diffs/feature.ts";
import { editor } from "@/features/editor/feature.ts";
import { monitors } from "@/features/monitors/feature.ts";
import { plugins } from "@/features/plugins/feature.ts";
import { runs } from "@/features/runs/feature.ts";
import { settings } from "@/features/settings/feature.ts";
import { stores } from "@/features/stores/feature.ts";
import { tables } from "@/features/tables/feature.ts";
import { transfers } from "@/features/transfers/feature.ts";
import { welcome } from "@/features/welcome/feature.ts";
import { workflows } from "@/features/workflows/feature.ts";
import type { Feature } from "@/lib/feature.ts";

export const features: readonly Feature[] = [
  workflows,
  editor,
  runs(async () => (await import("@/features/editor/run-graph.tsx")).RunGraph),
  anomalies,
  alerts,
  connections,
  sqlConsole,
  tables,
  transfers,
  diffs,
  monitors,
  stores,
  channels,
  plugins,
  settings,
  welcome,
];
