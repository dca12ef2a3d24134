import react from "@vitejs/plugin-react";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const server = process.env["SLUICE_SERVER"] ?? "http://127.0.0.1:7700";

/** Puts a packed copy beside each file, which the server sends to whoever understands it. */
function packed(): Plugin {
  return {
    name: "packed",
    apply: "build",
    closeBundle: () => {
      const dist = fileURLToPath(new URL("./dist", import.meta.url));
      for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !/\.(?:css|js|svg)$/.test(entry.name)) continue;
        const file = join(entry.parentPath, entry.name);
        writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  plugins: [react(), packed()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  // The server puts a fresh value in its place with every page, and into the page's Content-Security-Policy.
  html: { cspNonce: "SLUICE_NONCE" },
  build: {
    target: "es2022",
    // The policy allows no `data:` scripts, and a small file costs nothing beside the others.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 900,
  },
  server: {
    host: "127.0.0.1",
    // Templates are the documents of `workflows/`, beside this folder.
    fs: { allow: [".."] },
    proxy: {
      "/graphql": { target: server, ws: true, changeOrigin: true, headers: { origin: server } },
      "/health": server,
      "/api": server,
    },
  },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["src/testing/setup.ts"],
    css: false,
  },
});
