/**
 * How the app is built: `main` (Electron's main process, the command line and the local server, all for Node), `preload`
 * (CommonJS, since a sandboxed preload can't be an ES module) and `renderer` (two pages: the app's and a kernel's).
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import preact from "@preact/preset-vite";
import { defineConfig } from "electron-vite";

const root = import.meta.dirname;
const from = (path: string): string => resolve(root, path);

/** SHA-256 of each notebook that is shipped, so that the app can tell ours from one that was changed. */
function shippedNotebooks(): string[] {
  const folder = from("notebooks");
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter(name => name.endsWith(".html"))
    .map(name =>
      createHash("sha256")
        .update(readFileSync(join(folder, name)))
        .digest("hex"),
    );
}

export default defineConfig({
  main: {
    define: {
      __SHIPPED_NOTEBOOKS__: JSON.stringify(shippedNotebooks()),
      __VERSION__: JSON.stringify(
        (JSON.parse(readFileSync(from("package.json"), "utf8")) as { version: string }).version,
      ),
    },
    build: {
      outDir: "out/main",
      sourcemap: true,
      rolldownOptions: {
        input: {
          index: from("src/main/index.ts"),
          serve: from("src/cli/serve.ts"),
          cli: from("src/cli/main.ts"),
          // Started as a thread by the command line.
          "shard-thread": from("src/cli/shard-thread.ts"),
        },
        output: { format: "es", entryFileNames: "[name].js", chunkFileNames: "chunks/[name]-[hash].js" },
      },
    },
  },
  preload: {
    build: {
      outDir: "out/preload",
      externalizeDeps: false,
      rolldownOptions: {
        input: { index: from("src/preload/index.ts") },
        output: { format: "cjs", entryFileNames: "[name].cjs" },
      },
    },
  },
  renderer: {
    root: from("src/renderer"),
    plugins: [preact({ devToolsEnabled: false, prefreshEnabled: false })],
    // Blob workers must be classic scripts: a frame of opaque origin can't start a module worker from a blob.
    // It is read anew by every kernel, since no cache is kept for an origin that is never seen again: so it is short.
    worker: { format: "iife", rolldownOptions: { output: { minify: true, keepNames: true } } },
    build: {
      outDir: from("out/renderer"),
      emptyOutDir: true,
      manifest: true,
      target: "es2022",
      modulePreload: { polyfill: false },
      chunkSizeWarningLimit: 4_000,
      rolldownOptions: {
        // Row functions of charts are texts, so that names in them survive; those of classes and functions are shown in errors.
        output: { minify: true, keepNames: true },
        input: { index: from("src/renderer/index.html"), kernel: from("src/renderer/kernel/kernel.html") },
      },
    },
  },
});
