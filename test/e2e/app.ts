/** The real app for a test: the built server on a copy of a notebook, and a page of a real Chromium that shows it. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import type { Browser, Page } from "playwright-core";
import { launchChromium } from "./chromium.ts";

const root = resolve(import.meta.dirname, "../..");

export interface RunningApp {
  readonly browser: Browser;
  readonly page: Page;
  /** The address that was printed; its token is used up. */
  readonly address: string;
  readonly port: number;
  /** The folder with the copy of the notebooks. */
  readonly folder: string;
  readonly notebook: string;
  /** What the page wrote to its console as errors. */
  readonly complaints: string[];
  close(): Promise<void>;
}

export interface AppOptions {
  /** A notebook of the repository. */
  readonly shipped?: string;
  /** Or the text of one. */
  readonly text?: string;
  /** Other files beside it. */
  readonly beside?: Readonly<Record<string, string | Uint8Array>>;
  /** Where the user's data are kept; by default new and empty. */
  readonly home?: string;
  /** Without a notebook on the command line nothing is trusted. */
  readonly named?: boolean;
  /** More switches of the browser's command line. */
  readonly switches?: readonly string[];
}

/** Starts server and browser and opens the app. */
export async function openApp(options: AppOptions): Promise<RunningApp> {
  const base = mkdtempSync(join(tmpdir(), "tidemark-e2e-"));
  const folder = join(base, "notebooks");
  mkdirSync(folder);
  symlinkSync(join(root, "samples"), join(base, "samples"));
  const name = options.shipped ?? "test.html";
  const notebook = join(folder, name);
  if (options.shipped !== undefined) cpSync(join(root, "notebooks", options.shipped), notebook);
  else writeFileSync(notebook, options.text ?? "");
  for (const [file, text] of Object.entries(options.beside ?? {})) writeFileSync(join(folder, file), text);

  const { child, address } = await startServer(
    folder,
    options.named === false ? [] : [notebook],
    options.home ?? join(base, "home"),
  );
  const browser = await launchChromium(options.switches);
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, acceptDownloads: true });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", message => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", error => complaints.push(error.message));
  await page.goto(address);
  await page.waitForSelector(".app");
  return {
    browser,
    page,
    address,
    port: Number(new URL(address).port),
    folder,
    notebook,
    complaints,
    close: async () => {
      await browser.close();
      const ended = new Promise(done => child.once("exit", done));
      child.kill("SIGTERM");
      await ended;
      rmSync(base, { recursive: true, force: true });
    },
  };
}

/** Runs `tidemark serve` and waits for the address it prints. */
export function startServer(
  folder: string,
  args: readonly string[],
  home: string,
): Promise<{ child: ChildProcess; address: string }> {
  const child = spawn(process.execPath, [join(root, "src/cli/bin.mjs"), "serve", ...args, "--no-open"], {
    cwd: folder,
    env: { ...process.env, TIDEMARK_HOME: home },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return new Promise((done, fail) => {
    let said = "";
    const listen = (part: Buffer): void => {
      said += part.toString();
      const address = /http:\/\/localhost:\d+\/\?token=\S+/.exec(said)?.[0];
      if (address !== undefined) done({ child, address });
    };
    child.stdout?.on("data", listen);
    child.stderr?.on("data", listen);
    child.once("exit", code => fail(new Error(`the server ended with ${code}: ${said}`)));
  });
}

/** A notebook file with these cells. */
export function notebookWith(title: string, cells: readonly (readonly [type: string, source: string])[]): string {
  const scripts = cells.map(([type, source], index) => {
    const body = source
      .replaceAll("</script", "<\\/script")
      .split("\n")
      .map(line => (line === "" ? "" : `    ${line}`));
    return `  <script id="${index + 1}" type="${type}">\n${body.join("\n")}\n  </script>\n`;
  });
  return `<!doctype html>\n<notebook theme="air">\n  <title>${title}</title>\n${scripts.join("")}</notebook>\n`;
}
