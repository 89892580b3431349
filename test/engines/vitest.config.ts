/** Tests on real engines: slow, and apart from all others, because they need what `run.mjs` installs. */
import { resolve } from "node:path";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: resolve(import.meta.dirname, "../.."),
    include: ["test/engines/**/*.test.ts"],
    testTimeout: 300_000,
    maxConcurrency: 2,
  },
});
