/**
 * `npm test`: builds what is out of date, checks the types, runs the unit and the end-to-end tests, and ends with one plain
 * line: `N passed, N failed`, and `, N skipped` where some were. The exit code is 0 only when nothing failed.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isBuilt } from "../src/cli/is-built.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
// The tests and the sources are TypeScript that Node runs as it is; the system's own Node may be too old for that.
const packaged = join(root, "node_modules", ".bin", process.platform === "win32" ? "node.cmd" : "node");
const node = existsSync(packaged) ? packaged : process.execPath;
const counts = { passed: 0, failed: 0, skipped: 0 };

function run(args) {
  return spawnSync(node, args, { cwd: root, stdio: "inherit", shell: process.platform === "win32" }).status === 0;
}

function check(name, done) {
  if (done) counts.passed += 1;
  else {
    counts.failed += 1;
    process.stdout.write(`failed: ${name}\n`);
  }
  return done;
}

function runTests() {
  const folder = mkdtempSync(join(tmpdir(), "tidemark-test-"));
  const report = join(folder, "report.json");
  const projects = ["--project", "unit", "--project", "e2e"];
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const good = run(["node_modules/vitest/vitest.mjs", "run", ...projects, ...reporters, ...process.argv.slice(2)]);
  if (!existsSync(report)) {
    check("vitest wrote no report", false);
    return;
  }
  const result = JSON.parse(readFileSync(report, "utf8"));
  rmSync(folder, { recursive: true, force: true });
  counts.passed += result.numPassedTests;
  counts.failed += result.numFailedTests;
  counts.skipped += result.numPendingTests + (result.numTodoTests ?? 0);
  // A file that can't be loaded has no tests to fail, and an error outside of a test fails the run alone.
  const broken = result.testResults.filter(
    file => file.status === "failed" && !file.assertionResults.some(each => each.status === "failed"),
  );
  for (const file of broken) check(file.name, false);
  if (!good && counts.failed === 0) check("an error outside of the tests", false);
}

const builds = isBuilt(root) || run(["node_modules/electron-vite/bin/electron-vite.js", "build", "--logLevel", "warn"]);
check("build", builds);
for (const part of ["core", "node", "web"]) {
  check(`types of ${part}`, run(["node_modules/typescript/bin/tsc", "-p", `tsconfig.${part}.json`, "--noEmit"]));
}
runTests();
process.stdout.write(
  `${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ""}\n`,
);
process.exitCode = counts.failed === 0 ? 0 : 1;
