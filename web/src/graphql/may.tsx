import type { ReactNode } from "react";
import { useMay } from "./session.ts";

/** Shows what leads to an operation only to whom may ask for it. What single things allow is the server's to say. */
export function May({ ask, children }: { ask: string; children: ReactNode }) {
  return useMay(ask) ? children : null;
}
