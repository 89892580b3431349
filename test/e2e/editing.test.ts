/** Work is never lost: keys, the bin, undo, the journal, a file that changed underneath, and a cell that hangs. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { notebookWith, openApp } from "./app.ts";
import type { RunningApp } from "./app.ts";

const ts = "text/x-typescript";
const sample = notebookWith("Small", [
  ["text/markdown", "# Small"],
  [ts, "const first = 1;"],
  [ts, "const second = first + 1;"],
  ["application/x-unknown", "kept as it is"],
]);

let app: RunningApp;
let page: Page;

beforeEach(async () => {
  app = await openApp({ text: sample });
  page = app.page;
  await page.getByText("second: 2").waitFor();
});

afterEach(() => app?.close());

const ids = (): Promise<string[]> =>
  page.locator(".cell").evaluateAll(cells => cells.map(cell => (cell as HTMLElement).dataset.cell ?? ""));

async function select(id: number): Promise<void> {
  await page.locator(`[data-cell="${id}"] .cell-head, [data-cell="${id}"] .prose`).first().click();
  await page.locator(`[data-cell="${id}"][data-selected][data-mode=command]`).waitFor();
}

test("cells are inserted, moved, changed in kind, deleted and brought back by keys", async () => {
  await select(2);
  await page.keyboard.press("b");
  await page.locator('[data-cell="5"][data-mode=edit]').waitFor();
  expect(await ids()).toEqual(["1", "2", "5", "3", "4"]);
  await page.locator('[data-cell="5"] .cm-focused').waitFor();
  await page.keyboard.type("const third = second * 10;");
  await page.keyboard.press("Control+Enter");
  await page.getByText("third: 20").waitFor();

  await page.keyboard.press("k");
  expect(await ids()).toEqual(["1", "5", "2", "3", "4"]);
  await page.keyboard.press("d");
  await page.keyboard.press("d");
  expect(await ids()).toEqual(["1", "2", "3", "4"]);
  await page.locator(".sidebar").getByText("const third = second * 10;").waitFor();
  await page.keyboard.press("z");
  expect(await ids()).toEqual(["1", "5", "2", "3", "4"]);
  await page.getByText("third: 20").waitFor();
  await page.keyboard.press("z");
  expect(await ids()).toEqual(["1", "2", "5", "3", "4"]);

  await select(2);
  await page.keyboard.press("m");
  await page.locator('[data-cell="2"][data-kind=markdown]').waitFor();
  await page.locator('[data-cell="3"][data-status=error], [data-cell="3"][data-status=blocked]').waitFor();
  await page.keyboard.press("z");
  await page.getByText("second: 2").waitFor();
});

test("only two presses of D in a row, on one cell, delete it", async () => {
  await select(2);
  const all = ["1", "2", "3", "4"];
  // Held down, and with another key in between.
  await page.keyboard.down("d");
  for (let i = 0; i < 5; i++) await page.keyboard.down("d");
  await page.keyboard.up("d");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("d");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("d");
  expect(await ids()).toEqual(all);
  // Once on one cell and once on another, which was clicked meanwhile.
  await select(3);
  await page.keyboard.press("d");
  expect(await ids()).toEqual(all);
  await page.keyboard.press("d");
  expect(await ids()).toEqual(["1", "2", "4"]);
  // A third press is the first of two again.
  await page.keyboard.press("d");
  expect(await ids()).toEqual(["1", "2", "4"]);
  await page.keyboard.press("z");
  expect(await ids()).toEqual(all);
  await page.getByText("second: 2").waitFor();
});

test("an edit runs what depends on it, and text typed elsewhere is not run along", async () => {
  await page.locator('[data-cell="3"] .cm-content').click();
  await page.keyboard.press("End");
  await page.keyboard.type(" broken(");
  await page.locator('[data-cell="2"] .cm-content').click();
  await page.keyboard.press("Control+a");
  await page.keyboard.type("const first = 41;");
  await page.keyboard.press("Control+Enter");
  await page.getByText("second: 42").waitFor();
  await page.locator('[data-cell="3"]').getByText("edited, not run").waitFor();
});

test("saving keeps cells that are not understood, byte for byte, and the title", async () => {
  await page.getByLabel("Title of the notebook").fill("Small & neat");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Control+s");
  await page.getByText("saved", { exact: true }).waitFor();
  expect(readFileSync(app.notebook, "utf8")).toBe(sample.replace("<title>Small<", "<title>Small &amp; neat<"));
});

test("unsaved work survives a page that is gone", async () => {
  await page.locator('[data-cell="2"] .cm-content').click();
  await page.keyboard.press("End");
  await page.keyboard.type(" // not saved");
  const journal = join(`${app.notebook}.tidemark`, "journal.html");
  await expect
    .poll(() => existsSync(journal) && readFileSync(journal, "utf8").includes("// not saved"), { timeout: 5_000 })
    .toBe(true);
  page.on("dialog", dialog => void dialog.accept());
  await page.reload();
  await page.getByText("Unsaved work was found").waitFor();
  await page.getByRole("button", { name: "Look at it" }).click();
  await page.locator('[data-cell="2"]').getByText("// not saved").waitFor();
  // The journal lies beside the file, where somebody else may have put it: it is not run unasked.
  await page.getByText("This is a preview: nothing runs.").waitFor();
  expect(readFileSync(app.notebook, "utf8")).toBe(sample);
});

test("a file that another program changed is not written over unasked", async () => {
  writeFileSync(app.notebook, sample.replace("# Small", "# Changed elsewhere"));
  await page.locator('[data-cell="2"] .cm-content').click();
  await page.keyboard.press("End");
  await page.keyboard.type(" // mine");
  await page.keyboard.press("Control+s");
  await page.getByRole("dialog").getByText("was changed by another program").waitFor();
  await page.getByRole("button", { name: "Keep the file, do not save" }).click();
  expect(readFileSync(app.notebook, "utf8")).toContain("# Changed elsewhere");
  await page.keyboard.press("Control+s");
  await page.getByRole("button", { name: "Save over it" }).click();
  await page.getByText("saved", { exact: true }).waitFor();
  expect(readFileSync(app.notebook, "utf8")).toContain("// mine");
});

test("a cell that never ends is noticed and stopped, and the notebook stays", async () => {
  await page.locator('[data-cell="2"] .cm-content').click();
  await page.keyboard.press("Control+a");
  await page.keyboard.type("const first = (() => { for (;;); })();");
  await page.keyboard.press("Control+Enter");
  await page.getByText("A cell is busy").waitFor({ timeout: 20_000 });
  // The page itself answers while the cell loops.
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Command" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByText("A cell is busy").waitFor({ state: "detached" });
  await page.locator('[data-cell="2"] .cm-content').click();
  await page.keyboard.press("Control+a");
  await page.keyboard.type("const first = 9;");
  await page.keyboard.press("Control+Enter");
  await page.getByText("second: 10").waitFor();
});

test("the palette finds commands, and the help shows the keys", async () => {
  await page.keyboard.press("Control+k");
  await page.keyboard.type("dark");
  await page.keyboard.press("Enter");
  expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe("dark");
  await select(2);
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keys" }).getByText("Delete, into the bin").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
});

test("completion offers the notebook's names", async () => {
  await page.locator('[data-cell="3"] .cm-content').click();
  await page.keyboard.press("Control+a");
  await page.keyboard.type("const second = fir");
  await page.locator(".cm-tooltip-autocomplete").getByText("first").waitFor();
});

test("words are found and replaced over all cells, and that is one step of undo", async () => {
  await page.keyboard.press("Control+Shift+f");
  await page.getByLabel("Find", { exact: true }).fill("first");
  await page.getByText("1 of 2").waitFor();
  await page.getByLabel("Replace by").fill("base");
  await page.getByRole("button", { name: "Replace all" }).click();
  await page.locator('[data-cell="3"]').getByText("base + 1").waitFor();
  await page.keyboard.press("Control+s");
  await page.getByText("saved", { exact: true }).waitFor();
  expect(readFileSync(app.notebook, "utf8")).toBe(sample.replaceAll("first", "base"));
  await page.getByRole("button", { name: "Close" }).click();
  await select(2);
  await page.keyboard.press("z");
  await page.locator('[data-cell="3"]').getByText("first + 1").waitFor();
});

test("a new notebook is made, and unsaved work is not left behind unasked", async () => {
  await page.locator('[data-cell="2"] .cm-content').click();
  await page.keyboard.press("End");
  await page.keyboard.type(" // half done");
  await page.getByRole("button", { name: "New notebook…" }).click();
  await page.getByLabel("Name").fill("Second");
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByRole("dialog", { name: "Save before you leave?" }).getByRole("button", { name: "Stay here" }).click();
  await page.locator('[data-cell="2"]').getByText("// half done").waitFor();
  expect(existsSync(join(app.folder, "Second.html"))).toBe(false);
  await page.getByRole("button", { name: "New notebook…" }).click();
  await page.getByLabel("Name").fill("Second");
  await page.getByRole("button", { name: "Create" }).click();
  await page
    .getByRole("dialog", { name: "Save before you leave?" })
    .getByRole("button", { name: "Save", exact: true })
    .click();
  await page.getByText("This notebook has no cells yet.").waitFor();
  expect(readFileSync(app.notebook, "utf8")).toContain("// half done");
  await page.getByRole("button", { name: "Add a TypeScript cell", exact: true }).click();
  await page.locator(".cm-focused").waitFor();
  await page.keyboard.type("const answer = 42;");
  await page.keyboard.press("Shift+Enter");
  await page.getByText("answer: 42").waitFor();
});
