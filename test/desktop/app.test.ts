/**
 * The desktop app in a real Electron: `$ELECTRON_EXEC_PATH`, or the one that `npx install-electron` put into node_modules.
 * Where neither is there, the tests say so and are counted as skipped.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
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
    app = await _electron.launch({
      executablePath: electron!,
      args: [root, notebook, `--user-data-dir=${join(base, "home")}`],
      cwd: base,
    });
    page = await app.firstWindow();
    await page.locator(".cell").first().waitFor();
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
