import { defineConfig } from "vitest/config";

// Nothing is inlined: the server's Content-Security-Policy allows scripts,
// styles and workers from files of its own origin only.
export default defineConfig({
  esbuild: { jsx: "automatic" },
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  worker: { format: "es" },
  server: {
    proxy: { "/mitmflow.v1.Service": "http://127.0.0.1:50051" },
  },
  test: {
    projects: [
      {
        extends: true,
        test: { name: "unit", include: ["src/**/*.spec.ts"] },
      },
      {
        extends: true,
        test: {
          name: "e2e",
          include: ["e2e/**/*.spec.ts"],
          // One browser at a time: two cores have to do for all of them.
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
