/**
 * The desktop host: composes window, scheme, files and menu. Kept within what Electron 33 has.
 *
 * Nothing here is awaited at the top level: in an ES module `app.whenReady()` would then never resolve.
 */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { app, BrowserWindow, dialog, Menu, protocol, session, shell } from "electron";
import { builtPages, Pages } from "../browser/pages.ts";
import { AddressStore } from "../browser/address-store.ts";
import { LiveHost } from "../browser/live-host.ts";
import { NotebookFiles } from "../browser/notebook-files.ts";
import { TrustStore } from "../browser/trust-store.ts";
import { recordings } from "../cli/recordings.ts";
import { answerPage } from "./answer-page.ts";
import { chooseNotebook, saveWhereChosen } from "./dialogs.ts";
import { lockDown } from "./lock-down.ts";
import { menuTemplate } from "./menu.ts";
import { WindowState } from "./window-state.ts";

/** Written in by the build: hashes of the notebooks that come with the program. */
declare const __SHIPPED_NOTEBOOKS__: readonly string[];

const shellOrigin = "app://tidemark";
const preload = join(dirname(fileURLToPath(import.meta.url)), "../preload/index.cjs");

// Children of file:// pages ignore their sandbox; a scheme of our own gives the shell and each kernel a real origin.
protocol.registerSchemesAsPrivileged([
  { scheme: "app", privileges: { standard: true, secure: true, supportFetchAPI: true, corsEnabled: true } },
]);

let window: BrowserWindow | null = null;

if (app.requestSingleInstanceLock()) {
  app.on("second-instance", () => {
    if (window?.isMinimized()) window.restore();
    window?.focus();
  });
  app.on("window-all-closed", () => app.quit());
  app.whenReady().then(start, error => {
    process.stderr.write(`tidemark: ${String(error)}\n`);
    app.exit(1);
  });
} else {
  app.quit();
}

async function start(): Promise<void> {
  const folder = app.getPath("userData");
  const trust = new TrustStore(folder, __SHIPPED_NOTEBOOKS__);
  const notebook = notebookArgument(process.argv);
  const files = new NotebookFiles(trust, notebook === null ? app.getPath("documents") : dirname(notebook));
  if (notebook !== null) await files.startWith(notebook);

  const live = new LiveHost(files, new AddressStore(folder), recordings);
  closeWithRecordings(live);
  servePages(new Pages(builtPages(), "app:"));
  lockDown(session.defaultSession, shellOrigin);
  answerPage(`${shellOrigin}/`, files, {
    kernelUrl: () => `app://k-${randomBytes(12).toString("hex")}/`,
    chooseAndOpen: () => chooseNotebook(window, files),
    saveFiles: list => saveWhereChosen(window, list),
    openExternal: url => shell.openExternal(url),
    live,
  });

  const state = new WindowState(join(folder, "window.json"));
  window = new BrowserWindow({
    ...(await state.read()),
    minWidth: 720,
    minHeight: 480,
    show: false,
    title: "Tidemark",
    webPreferences: {
      preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webviewTag: false,
      spellcheck: false,
    },
  });
  state.follow(window);
  const shown = window;
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(command => shown.webContents.send("menu", command))));
  shown.once("ready-to-show", () => shown.show());
  shown.on("closed", () => (window = null));
  shown.webContents.on("will-prevent-unload", event => {
    const answer = dialog.showMessageBoxSync(shown, {
      type: "question",
      message: "Close without saving?",
      detail:
        "What you changed since the last save stays in the crash journal and is offered when you open the notebook again.",
      buttons: ["Keep it open", "Close without saving"],
      defaultId: 0,
      cancelId: 0,
    });
    if (answer === 1) event.preventDefault();
  });
  await shown.loadURL(`${shellOrigin}/`);
}

/** Completes the recordings of live sources before the program ends. */
function closeWithRecordings(live: LiveHost): void {
  let complete = false;
  app.on("before-quit", event => {
    if (complete) return;
    event.preventDefault();
    void live.close().finally(() => {
      complete = true;
      app.quit();
    });
  });
}

/** The last argument that is a file: before it stand Electron's own and the program's folder. */
function notebookArgument(args: readonly string[]): string | null {
  const named = args.slice(1).findLast(each => /\.html$/i.test(each) && existsSync(each));
  return named === undefined ? null : resolve(named);
}

/** Answers `app://tidemark/…` with the shell's files and `app://k-<id>/…` with the kernel's. */
function servePages(pages: Pages): void {
  protocol.handle("app", async request => {
    const url = new URL(request.url);
    const kernel = /^k-[a-z0-9]{16,64}$/.test(url.hostname);
    const found = kernel ? pages.kernel(url.pathname) : url.hostname === "tidemark" ? pages.shell(url.pathname) : null;
    if (found === null || request.method !== "GET") return new Response("nothing is here\n", { status: 404 });
    return new Response(await readFile(found.path), { status: 200, headers: { ...found.headers } });
  });
}
