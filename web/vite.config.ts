import { fileURLToPath } from "node:url";
import type { Plugin, Rollup } from "vite";
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

// What main.ts imports later is needed for the first row all the same: it is
// loaded at once, and compiled whole beside the page's thread, not bit by bit
// on it (github.com/WICG/explicit-javascript-compile-hints-file-based).
function renderEarly(): Plugin {
  const link = (rel: string, file: string) => ({
    tag: "link",
    attrs: { rel, crossorigin: true, href: `/${file}` },
    injectTo: "head" as const,
  });
  const renderOf = (bundle: Rollup.OutputBundle = {}) =>
    Object.values(bundle).find(
      (made): made is Rollup.OutputChunk =>
        made.type === "chunk" &&
        made.moduleIds.some((id) => id.endsWith("/src/render.tsx")),
    );
  return {
    name: "render-early",
    enforce: "post",
    generateBundle: {
      // The line counts only where nothing stands before it.
      order: "post",
      handler(_options, bundle) {
        const render = renderOf(bundle);
        if (render) render.code = `//# allFunctionsCalledOnLoad\n${render.code}`;
      },
    },
    transformIndexHtml: {
      order: "post",
      handler(_html, { bundle }) {
        const render = renderOf(bundle);
        if (!render) return [];
        const styles = [...(render.viteMetadata?.importedCss ?? [])];
        return [
          link("modulepreload", render.fileName),
          ...styles.map((file) => link("stylesheet", file)),
        ];
      },
    },
  };
}

// Nothing is inlined: the server's Content-Security-Policy allows scripts,
// styles and workers from files of its own origin only.
export default defineConfig({
  plugins: [workerUrl(), renderEarly()],
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
          // What is waited for comes, if late where much else runs.
          expect: { poll: { timeout: 20_000 } },
        },
      },
    ],
  },
});
