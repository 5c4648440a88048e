import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

// The worker as a part of the same build, where Vite would make one of its
// own: page and worker then share the code that speaks to the server.
function workerUrl(): Plugin {
  const name = "virtual:worker-url";
  const source = fileURLToPath(new URL("src/connection/worker.ts", import.meta.url));
  let bundling = false;
  return {
    name: "worker-url",
    configResolved: (config) => {
      bundling = config.command === "build";
    },
    resolveId: (id) => (id === name ? `\0${name}` : undefined),
    load(id) {
      if (id !== `\0${name}`) return undefined;
      if (!bundling) return `export default "/src/connection/worker.ts";`;
      const file = this.emitFile({ type: "chunk", id: source, name: "worker" });
      return `export default import.meta.ROLLUP_FILE_URL_${file};`;
    },
  };
}

// What main.ts imports later is needed for the first row all the same.
function preloadRender(): Plugin {
  const link = (rel: string, file: string) => ({
    tag: "link",
    attrs: { rel, crossorigin: true, href: `/${file}` },
    injectTo: "head" as const,
  });
  return {
    name: "preload-render",
    transformIndexHtml: {
      order: "post",
      handler(_html, { bundle }) {
        for (const made of Object.values(bundle ?? {})) {
          if (made.type !== "chunk") continue;
          if (!made.moduleIds.some((id) => id.endsWith("/src/render.tsx"))) continue;
          return [
            link("modulepreload", made.fileName),
            ...[...(made.viteMetadata?.importedCss ?? [])].map((css) =>
              link("stylesheet", css),
            ),
          ];
        }
        return [];
      },
    },
  };
}

// Nothing is inlined: the server's Content-Security-Policy allows scripts,
// styles and workers from files of its own origin only.
export default defineConfig({
  plugins: [workerUrl(), preloadRender()],
  esbuild: { jsx: "automatic" },
  build: {
    target: "es2022",
    // Smaller by 3% than esbuild makes it: the first row waits for it.
    minify: "terser",
    terserOptions: { compress: { passes: 2 } },
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rollupOptions: {
      // "use client" says nothing here: there is no server that renders.
      onwarn: (warning, warn) => {
        if (warning.code !== "MODULE_LEVEL_DIRECTIVE") warn(warning);
      },
    },
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
          globalSetup: ["e2e/harness/setup.ts"],
          // One browser at a time: two cores have to do for all of them.
          poolOptions: { forks: { singleFork: true } },
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
