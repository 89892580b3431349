/** Whether the build is up to date, and what the command does when it is not. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";

const CLI = resolve(import.meta.dirname, "../../src/cli");
const { isBuilt } = (await import(pathToFileURL(join(CLI, "is-built.mjs")).href)) as { isBuilt(root: string): boolean };

let root = "";

function put(name: string, at: number, text = ""): void {
  const file = join(root, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  utimesSync(file, at, at);
}

const outputs = ["main/serve.js", "main/index.js", "preload/index.cjs", "renderer/.vite/manifest.json"];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "tidemark-built-"));
  put("src/deep/file.ts", 1_000);
  put("notebooks/one.html", 1_000);
  put("package.json", 1_000, `{"type": "module"}`);
  put("electron.vite.config.ts", 1_000);
  for (const name of outputs) put(`out/${name}`, 2_000);
  put("out/main/cli.js", 2_000, `export const main = () => { process.stdout.write("as it was built\\n"); return 0; };`);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test("a build is up to date when each output is newer than every input", () => {
  expect(isBuilt(root)).toBe(true);
  for (const input of [
    "src/deep/file.ts",
    "src/new.ts",
    "notebooks/one.html",
    "package.json",
    "electron.vite.config.ts",
  ]) {
    put(input, 3_000);
    expect([input, isBuilt(root)]).toEqual([input, false]);
    put(input, 1_000);
  }
  rmSync(join(root, "out/preload/index.cjs"));
  expect(isBuilt(root)).toBe(false);
});

/** Runs the command of a copy of the program. */
function run(): { status: number | null; stdout: string; stderr: string } {
  for (const name of ["bin.mjs", "build-when-needed.mjs", "is-built.mjs"])
    cpSync(join(CLI, name), join(root, "src/cli", name), { preserveTimestamps: false });
  return spawnSync(process.execPath, [join(root, "src/cli/bin.mjs")], { encoding: "utf8" });
}

test("after an edit the program is built again, and a build that fails is not passed over", () => {
  put("node_modules/electron-vite/package.json", 1_000, `{"name": "electron-vite"}`);
  put(
    "node_modules/electron-vite/bin/electron-vite.js",
    1_000,
    `require("node:fs").writeFileSync("out/main/cli.js", 'export const main = () => { process.stdout.write("built again\\\\n"); return 0; };');`,
  );
  expect(run()).toMatchObject({ status: 0, stdout: "built again\n", stderr: "tidemark: building what was changed\n" });
  put("node_modules/electron-vite/bin/electron-vite.js", 1_000, "process.exit(3);");
  const failed = run();
  expect(failed.status).toBe(1);
  expect(failed.stderr).toContain("npm run build");
});

test("without the tools of the build, or its configuration, the program runs as it was built", () => {
  expect(run()).toMatchObject({ status: 0, stdout: "as it was built\n", stderr: "" });
  rmSync(join(root, "electron.vite.config.ts"));
  expect(run()).toMatchObject({ status: 0, stdout: "as it was built\n", stderr: "" });
});
