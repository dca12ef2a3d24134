/** What a feature tells the frame about itself; `app/features.ts` lists them all, one line each. */
import type { LucideIcon } from "lucide-react";
import type { RouteObject } from "react-router";
import type { Pair } from "./language.ts";

/** A line of the left rail. */
export interface RailEntry {
  path: string;
  label: Pair;
  icon: LucideIcon;
  /** Entries of one group stand together under its title; those without come first. */
  group?: RailGroup;
  /** The field of the API that it is about; who may not ask for it is not shown the place. */
  needs?: string;
}

export type RailGroup = "data" | "system";

/** Something the command palette offers besides the rail's places. */
export interface PaletteCommand {
  id: string;
  label: Pair;
  icon?: LucideIcon;
  /** Where it leads. */
  path: string;
}

export interface Feature {
  rail?: readonly RailEntry[];
  /** Each with `lazy`, so that the first page loads no other. */
  routes: readonly RouteObject[];
  commands?: readonly PaletteCommand[];
}
