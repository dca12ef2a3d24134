import { ArrowRightLeft } from "lucide-react";
import type { Feature } from "@/lib/feature.ts";

/** Tables that are moved from one system to another. */
export const transfers: Feature = {
  rail: [{ path: "/transfers", label: ["Transfer", "表传输"], icon: ArrowRightLeft, group: "data" }],
  routes: [
    { path: "transfers", lazy: async () => ({ Component: (await import("./transfers-page.tsx")).TransfersPage }) },
    { path: "transfers/new", lazy: async () => ({ Component: (await import("./new-transfer-page.tsx")).NewTransferPage }) },
    { path: "transfers/:name", lazy: async () => ({ Component: (await import("./transfer-page.tsx")).TransferPage }) },
  ],
  commands: [{ id: "new-transfer", label: ["Transfer tables", "传输表"], icon: ArrowRightLeft, path: "/transfers/new" }],
};
