/** Three projects: unit tests in Node, end-to-end tests in a real Chromium, and the desktop app where an Electron is to be had. */
import preact from "@preact/preset-vite";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        plugins: [preact()],
        test: {
          name: "unit",
          setupFiles: ["test/seed.ts"],
          include: ["test/**/*.test.ts", "test/**/*.test.tsx"],
          exclude: ["test/e2e/**", "test/desktop/**", "test/engines/**"],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: "e2e",
          // A browser on a busy machine may miss a moment once; whatever fails twice in a row is broken.
          retry: process.env["CI"] ? 1 : 0,
          expect: { poll: { timeout: 20_000 } },
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "desktop",
          expect: { poll: { timeout: 20_000 } },
          include: ["test/desktop/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
