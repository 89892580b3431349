/**
 * Tells whether what was built is newer than what it was built from. The start of the program asks, and the tests do. Plain
 * JavaScript, so that it runs on every Node before anything is built.
 */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

const OUTPUTS = ["main/cli.js", "main/serve.js", "main/index.js", "preload/index.cjs", "renderer/.vite/manifest.json"];
/** The notebooks are inputs, because the build writes down which ones are shipped. */
const INPUTS = ["src", "notebooks", "package.json", "electron.vite.config.ts"];

/** Says whether every output under `root` is there and newer than every input. An input that is not there counts as old. */
export function isBuilt(root) {
  const oldest = Math.min(...OUTPUTS.map(name => changedAt(join(root, "out", name))));
  return oldest > 0 && INPUTS.every(name => newest(join(root, name)) < oldest);
}

function changedAt(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function newest(path) {
  const facts = statSync(path, { throwIfNoEntry: false });
  if (facts === undefined) return 0;
  if (!facts.isDirectory()) return facts.mtimeMs;
  return readdirSync(path).reduce((latest, name) => Math.max(latest, newest(join(path, name))), 0);
}
