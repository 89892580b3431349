/** Builds the program when a file of it is missing, so that a fresh checkout runs without a build step of its own. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Gives the path of `out/main/<name>.js`, building it first when it is not there. Ends the process when that fails. */
export function built(name) {
  const file = join(root, "out", "main", `${name}.js`);
  if (existsSync(file)) return file;
  process.stderr.write("tidemark: building, this once\n");
  let tool;
  try {
    const manifest = createRequire(import.meta.url).resolve("electron-vite/package.json", { paths: [root] });
    tool = join(dirname(manifest), "bin", "electron-vite.js");
  } catch {
    process.stderr.write("tidemark: the packages are not installed; run npm ci first\n");
    process.exit(1);
  }
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
