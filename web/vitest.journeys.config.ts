import { defineConfig } from "vitest/config";

/** Journeys in a real browser against a real server; `cargo xtask test` runs them. */
export default defineConfig({
  test: {
    // What only measures runs when it is asked for: `npm run bench`.
    include: process.env["SLUICE_BENCH"] ? ["journeys/**/*.bench.ts"] : ["journeys/**/*.journey.ts"],
    testTimeout: 180_000,
    hookTimeout: 120_000,
    // One second, as it is by itself, is little on a busy machine.
    expect: { poll: { timeout: 20_000, interval: 100 } },
    // A browser and a server for each file are enough for a small machine.
    fileParallelism: false,
    // A browser on a machine that is busy elsewhere may miss a key; what is broken is so every time.
    retry: 1,
  },
});
