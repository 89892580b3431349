/** Finds a Chromium for the tests, without asking anyone to install one: see `findChromium` for the order. */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import type { Browser } from "playwright-core";

const installed: Readonly<Record<string, readonly string[]>> = {
  linux: [
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/usr/bin/google-chrome-stable",
    "/snap/bin/chromium",
  ],
  darwin: [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
  ],
  win32: [
    "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
    "C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe",
  ],
};

/**
 * Gives the path of a Chromium: `$CHROMIUM_PATH`, else the one that comes as an npm package (Linux on x64), else an
 * installed Chrome or Chromium. Throws when there is none: tests that see nothing must not pass.
 */
export async function findChromium(): Promise<string> {
  const named = process.env.CHROMIUM_PATH;
  if (named !== undefined && named !== "") {
    if (!existsSync(named)) throw new Error(`CHROMIUM_PATH names ${named}, and there is no such file`);
    return named;
  }
  if (process.platform === "linux" && process.arch === "x64") return packagedChromium();
  const found = (installed[process.platform] ?? []).find(path => existsSync(path));
  if (found !== undefined) return found;
  throw new Error("no Chromium was found for the end-to-end tests; install Chrome, or set CHROMIUM_PATH to a Chromium");
}

/** The package unpacks into the folder for temporary files and reuses what lies there, whatever its version; so each has its own. */
async function packagedChromium(): Promise<string> {
  const manifest = join(import.meta.dirname, "../../node_modules/@sparticuz/chromium/package.json");
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  const before = process.env.TMPDIR;
  const folder = join(tmpdir(), `tidemark-chromium-${version}`);
  mkdirSync(folder, { recursive: true });
  process.env.TMPDIR = folder;
  try {
    const packaged = (await import("@sparticuz/chromium")).default;
    return await packaged.executablePath();
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
}

/**
 * Starts the browser with each site in a process of its own, as browsers are for people, so that isolation is tested too.
 * `switches`: more of its command line.
 */
export async function launchChromium(switches: readonly string[] = []): Promise<Browser> {
  const root = process.getuid?.() === 0;
  return chromium.launch({
    executablePath: await findChromium(),
    args: [
      "--site-per-process",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...(root ? ["--no-sandbox"] : []),
      ...switches,
    ],
  });
}
