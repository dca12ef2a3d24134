/** Every feature, one line each: its place in the rail, its routes and its commands come from here. */
import { workflows } from "@/features/workflows/feature.ts";
import type { Feature } from "@/lib/feature.ts";

export const features: readonly Feature[] = [workflows];
