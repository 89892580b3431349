/**
 * Builds the program when a file of it is missing or older than what it is built from, so that a fresh checkout runs without
 * a build step of its own, and an edit is never answered by the code before it.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isBuilt } from "./is-built.mjs";

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/**
 * Gives the path of `out/main/<name>.js`, building it first where that is needed and possible. An installed package has no
 * configuration of the build or none of its tools; it runs as it was built. Ends the process when there is nothing to run.
 */
export function built(name) {
  const file = join(root, "out", "main", `${name}.js`);
  const there = existsSync(file);
  const config = existsSync(join(root, "electron.vite.config.ts"));
  if (there && (!config || isBuilt(root))) return file;
  const tool = config ? buildTool() : null;
  if (tool === null) {
    if (there) return file;
    process.stderr.write("tidemark: the packages are not installed; run npm ci first\n");
    process.exit(1);
  }
  process.stderr.write(there ? "tidemark: building what was changed\n" : "tidemark: building, this once\n");
  const result = spawnSync(process.execPath, [tool, "build", "--logLevel", "warn"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
  });
  if (result.status !== 0 || !existsSync(file)) {
    process.stderr.write(`tidemark: the build did not make ${file}; run npm run build to see why\n`);
    process.exit(1);
  }
  return file;
}

/** The program that builds; null where it is not installed, as with `npm install --omit=dev`. */
function buildTool() {
  try {
    const manifest = createRequire(import.meta.url).resolve("electron-vite/package.json", { paths: [root] });
    return join(dirname(manifest), "bin", "electron-vite.js");
  } catch {
    return null;
  }
}
