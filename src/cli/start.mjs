/**
 * `npm start [-- FILE] [--browser|--desktop] [--no-open] [--port N]`: the desktop app where an Electron can be started,
 * otherwise the same app in the browser, with a line that says why.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { built, root } from "./build-when-needed.mjs";

const args = process.argv.slice(2);
const wants = args.includes("--browser") ? "browser" : args.includes("--desktop") ? "desktop" : null;
const rest = args.filter(each => each !== "--browser" && each !== "--desktop");
const port = rest.indexOf("--port");
const file = rest.find((each, index) => !each.startsWith("-") && (port < 0 || index !== port + 1));
const notebook = resolve(file ?? join(root, "notebooks", "bank-day-totals.html"));
const options = rest.filter(each => each !== file);
if (!existsSync(notebook)) {
  process.stderr.write(`tidemark: there is no notebook at ${notebook}; check the name\n`);
  process.exit(1);
}

const desktop = wants === "browser" ? { electron: null, reason: null } : findElectron();
if (desktop.electron !== null) {
  built("index");
  const child = spawn(desktop.electron, [root, notebook], { stdio: "inherit", env: withoutNodeMode() });
  child.on("error", error => {
    if (wants === "desktop") fail(`Electron can't be started: ${error.message}`);
    else startBrowser(`Electron can't be started: ${error.message}`);
  });
  const began = Date.now();
  child.on("exit", code => {
    // A missing library of the system shows only now; whoever didn't insist on the desktop gets the browser instead.
    if (code !== 0 && Date.now() - began < 5_000 && wants !== "desktop")
      startBrowser(`Electron ended at once, with code ${code}`);
    else process.exit(code ?? 1);
  });
} else if (wants === "desktop") {
  fail(`${desktop.reason}. Run npx install-electron, or set ELECTRON_EXEC_PATH, or use npm start -- --browser`);
} else {
  await startBrowser(desktop.reason);
}

/** An Electron is usable when its program is on the disk and there is a display to show a window on. */
function findElectron() {
  const program = process.env.ELECTRON_EXEC_PATH || installedElectron();
  if (program === null) return { electron: null, reason: "Electron's runtime is not installed" };
  if (!existsSync(program))
    return { electron: null, reason: `ELECTRON_EXEC_PATH names ${program}, which is not there` };
  if (process.platform === "linux" && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) {
    return { electron: null, reason: "there is no display for a window" };
  }
  if (process.platform === "linux" && process.getuid() === 0)
    return { electron: null, reason: "Electron does not run as root" };
  return { electron: program, reason: null };
}

function installedElectron() {
  const folder = join(root, "node_modules", "electron");
  const list = join(folder, "path.txt");
  const program = existsSync(list) ? join(folder, "dist", readFileSync(list, "utf8").trim()) : null;
  return program !== null && existsSync(program) ? program : null;
}

/** `ELECTRON_RUN_AS_NODE` would turn the app into a bare Node. */
function withoutNodeMode() {
  const environment = { ...process.env };
  delete environment.ELECTRON_RUN_AS_NODE;
  return environment;
}

async function startBrowser(reason) {
  if (reason !== null) process.stdout.write(`Opening in the browser: ${reason}.\n`);
  const { serve } = await import(pathToFileURL(built("serve")).href);
  process.exitCode = await serve([notebook, ...options]);
}

function fail(reason) {
  process.stderr.write(`tidemark: ${reason}\n`);
  process.exit(1);
}
