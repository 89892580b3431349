/**
 * Runs exported scripts on the engines they are written for and compares what comes out with the notebook's prediction.
 *
 * Beam comes from Python's package registry into `.engines/beam` in this folder and stays there; nothing else on the machine
 * is touched. `node test/engines/run.mjs [PATTERN]` runs the tests whose name matches.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "../..");
const FOLDER = join(ROOT, ".engines/beam");
const PYTHON = join(FOLDER, process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
/** The release that the tests were written against. */
const BEAM = "2.77.0";

function run(command, args, options = {}) {
  return spawnSync(command, args, { encoding: "utf8", cwd: ROOT, ...options });
}

function fail(message) {
  process.stderr.write(`test:engines: ${message}\n`);
  process.exit(1);
}

function findPython() {
  for (const name of ["python3", "python"]) {
    const { status, stdout } = run(name, ["-c", "import sys; print(*sys.version_info[:2])"]);
    if (status !== 0) continue;
    const [major, minor] = stdout.trim().split(" ").map(Number);
    if (major === 3 && minor >= 10) return name;
  }
  return fail("Beam needs Python 3.10 or newer, and there is none on the path. Install it, then run this again.");
}

function installed() {
  if (!existsSync(PYTHON)) return null;
  const { status, stdout } = run(PYTHON, ["-c", "import apache_beam; print(apache_beam.__version__)"]);
  return status === 0 ? stdout.trim() : null;
}

function install() {
  const python = findPython();
  process.stderr.write(`Installing apache-beam ${BEAM} into .engines/beam (about 400 MB, once) …\n`);
  mkdirSync(FOLDER, { recursive: true });
  if (run(python, ["-m", "venv", FOLDER], { stdio: "inherit" }).status !== 0)
    fail("Python cannot make a virtual environment. On Debian the package python3-venv has what it needs.");
  const pip = run(PYTHON, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", `apache-beam==${BEAM}`], {
    stdio: "inherit",
  });
  if (pip.status !== 0)
    fail(`apache-beam ${BEAM} could not be installed. Is Python's package registry reachable (pip config list)?`);
}

let version = installed();
if (version === null) {
  install();
  version = installed();
  if (version === null)
    fail("apache-beam was installed but cannot be imported. Delete .engines/beam and run this again.");
}
process.stderr.write(`Beam ${version}\n`);

const vitest = join(ROOT, "node_modules/vitest/vitest.mjs");
const pattern = process.argv.slice(2);
// The Node of the checkout, which runs TypeScript as it is; whatever started this may be older.
const node = join(ROOT, "node_modules/.bin/node");
const { status } = run(
  existsSync(node) ? node : process.execPath,
  [vitest, "run", "--config", "test/engines/vitest.config.ts", ...pattern.flatMap(p => ["-t", p])],
  { stdio: "inherit", env: { ...process.env, TIDEMARK_BEAM_PYTHON: PYTHON } },
);
process.exit(status ?? 1);
