/**
 * The desktop app in a real Electron: `$ELECTRON_EXEC_PATH`, or the one that `npx install-electron` put into node_modules.
 * Where neither is there, the tests say so and are counted as skipped.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import { _electron } from "playwright-core";
import type { ElectronApplication, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");

function findElectron(): string | null {
  const named = process.env.ELECTRON_EXEC_PATH;
  if (named !== undefined && named !== "") return named;
  const list = join(root, "node_modules/electron/path.txt");
  const program = existsSync(list) ? join(root, "node_modules/electron/dist", readFileSync(list, "utf8").trim()) : "";
  return existsSync(program) ? program : null;
}

const electron = findElectron();
if (electron === null) {
  process.stderr.write(
    "desktop: no Electron; run npx install-electron, or set ELECTRON_EXEC_PATH, to run these tests\n",
  );
}

/** Starts the app on a notebook in a folder of its own. */
async function launched(folder: string, notebook: string): Promise<{ app: ElectronApplication; page: Page }> {
  const app = await _electron.launch({
    executablePath: electron!,
    args: [root, notebook, `--user-data-dir=${join(folder, "home")}`],
    cwd: folder,
  });
  const page = await app.firstWindow();
  await page.locator(".cell").first().waitFor();
  return { app, page };
}

/** A notebook of one TypeScript cell, and a file beside it. */
function folderWith(cell: string, file?: { readonly name: string; readonly bytes: Uint8Array }): [string, string] {
  const folder = mkdtempSync(join(tmpdir(), "tidemark-desktop-"));
  const notebook = join(folder, "notebook.html");
  const script = `  <script id="1" type="text/x-typescript">\n    ${cell}\n  </script>\n`;
  writeFileSync(notebook, `<!doctype html>\n<notebook>\n  <title>One cell</title>\n${script}</notebook>\n`);
  if (file !== undefined) writeFileSync(join(folder, file.name), file.bytes);
  return [folder, notebook];
}

describe.skipIf(electron === null)("what the desktop's process reads", () => {
  test("a live source, whose rows it writes down", async () => {
    const [folder, notebook] = folderWith(
      'const payments = source({simulate: "payments", rate: 20}, {eventTime: "paid_at", watermark: bounded("1 s")});',
    );
    const { app, page } = await launched(folder, notebook);
    try {
      await page.locator('.live-bar[data-live="connected"]').waitFor();
      await page.getByText(/^[1-9]\d* of [1-9]\d* rows$/).waitFor();
      await page.getByRole("button", { name: "Stop", exact: true }).click();
      await page.getByText(/rows, complete/).waitFor();
      const recordings = join(`${notebook}.tidemark`, "recordings");
      const lines = readdirSync(recordings).filter(name => name.endsWith(".jsonl"));
      expect(lines.length).toBe(1);
      expect(readFileSync(join(recordings, lines[0]), "utf8")).toContain('"paid_at"');
    } finally {
      await app.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("a log a row group at a time", async () => {
    const at = Float64Array.from({ length: 5_000 }, (_, i) => i * 100);
    const columnData = [
      { name: "at", data: Array.from(at, t => new Date(t)), type: "TIMESTAMP" as const, nullable: false },
      { name: "v", data: at, type: "DOUBLE" as const, nullable: false },
    ];
    const bytes = new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 1_000 }));
    const [folder, notebook] = folderWith(
      'const events = source("events.parquet", {eventTime: "at", watermark: bounded(0), memory: "groups"});',
      { name: "events.parquet", bytes },
    );
    const { app, page } = await launched(folder, notebook);
    try {
      await page.getByText(/^0 of 5,000 rows/).waitFor();
      await page.getByRole("button", { name: "To the end, as fast as possible" }).click();
      await page.getByText("5,000 of 5,000 rows, complete").waitFor();
    } finally {
      await app.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe.skipIf(electron === null)("the desktop app", () => {
  let base: string;
  let notebook: string;
  let app: ElectronApplication;
  let page: Page;

  beforeAll(async () => {
    base = mkdtempSync(join(tmpdir(), "tidemark-desktop-"));
    mkdirSync(join(base, "notebooks"));
    symlinkSync(join(root, "samples"), join(base, "samples"));
    notebook = join(base, "notebooks", "bank-day-totals.html");
    cpSync(join(root, "notebooks/bank-day-totals.html"), notebook);
    ({ app, page } = await launched(base, notebook));
  });

  afterAll(async () => {
    await app?.close();
    rmSync(base, { recursive: true, force: true });
  });

  test("opens the notebook of the command line and replays it", async () => {
    expect(page.url()).toBe("app://tidemark/");
    expect(await page.getByLabel("Title of the notebook").inputValue()).toBe("Bank day totals");
    await page.getByText(/^0 of 5\d,\d{3} rows/).waitFor();
    await page.getByRole("button", { name: "To the end, as fast as possible" }).click();
    await page.getByText(/rows, complete/).waitFor();
  });

  test("each kernel has an origin of its own, without Node, Electron or the host", async () => {
    const frame = page.frames().find(each => each.url().startsWith("app://k-"));
    expect(frame).toBeDefined();
    expect(await frame!.evaluate(() => [origin, typeof globalThis.process, "tidemarkHost" in window])).toEqual([
      "null",
      "undefined",
      false,
    ]);
    for (const address of ["app://tidemark/", "https://example.org/", "file:///etc/passwd"]) {
      expect(
        await frame!.evaluate(
          url =>
            fetch(url, { mode: "no-cors" }).then(
              () => "reached",
              () => "blocked",
            ),
          address,
        ),
      ).toBe("blocked");
    }
  });

  test("the page has the host's methods and nothing of Electron", async () => {
    const found = await page.evaluate(() => {
      const there = window as unknown as { require?: unknown; process?: unknown; tidemarkHost: object };
      return [typeof there.require, typeof there.process, Object.keys(there.tidemarkHost).sort().join(" ")];
    });
    expect(found).toEqual([
      "undefined",
      "undefined",
      "chooseAndOpen create initial journal kernelUrl kind liveAct liveAllow liveNext liveOpen notebooks open openExternal readData readPart recover save saveFiles trust",
    ]);
    const refused = await page.evaluate(() =>
      (window as unknown as { tidemarkHost: { save(...args: unknown[]): Promise<unknown> } }).tidemarkHost
        .save("/etc/passwd", "x", { force: true })
        .then(
          () => "saved",
          (error: Error) => error.message,
        ),
    );
    expect(refused).toContain("not opened here");
  });

  test("saves what was edited", async () => {
    await page.getByLabel("Title of the notebook").fill("Bank days");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Control+s");
    await page.getByText("saved", { exact: true }).waitFor();
    expect(readFileSync(notebook, "utf8")).toContain("<title>Bank days</title>");
  });

  test("the page goes nowhere and opens no window", async () => {
    await page.evaluate(() => window.open("https://example.org/"));
    await page.evaluate(() => (location.href = "https://example.org/"));
    await page.waitForTimeout(300);
    expect(page.url()).toBe("app://tidemark/");
    expect(app.windows().length).toBe(1);
  });
});
