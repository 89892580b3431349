import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { NotebookFiles } from "../../src/browser/notebook-files.ts";
import { TrustStore } from "../../src/browser/trust-store.ts";

const text = "<!doctype html>\n<notebook>\n  <title>One &amp; only</title>\n</notebook>\n";
let base: string;
let path: string;
let files: NotebookFiles;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "tidemark-files-"));
  mkdirSync(join(base, "notebooks"));
  path = join(base, "notebooks", "one.html");
  writeFileSync(path, text);
  files = new NotebookFiles(new TrustStore(join(base, "home"), []), join(base, "notebooks"));
});

afterEach(() => rmSync(base, { recursive: true, force: true }));

test("a notebook is reached by a handle, and by nothing else", async () => {
  const opened = await files.open(files.grant(path));
  expect(opened).toMatchObject({ name: "one.html", text, trusted: false });
  expect(opened.handle).not.toContain("one");
  await expect(files.open(path)).rejects.toThrow("not opened here");
  await expect(files.save(path, "x", { force: true })).rejects.toThrow("not opened here");
  expect(readFileSync(path, "utf8")).toBe(text);
});

test("the notebook of the command line is trusted, one of the list is not until the user says so", async () => {
  writeFileSync(join(base, "notebooks", "two.html"), text.replace("One", "Two"));
  writeFileSync(join(base, "notebooks", "page.html"), "<!doctype html><p>no notebook</p>");
  await files.startWith(path);
  expect((await files.initial())?.trusted).toBe(true);
  const list = await files.notebooks();
  expect(list.map(each => [each.name, each.title])).toEqual([
    ["one.html", "One & only"],
    ["two.html", "Two & only"],
  ]);
  const two = await files.open(list[1].handle);
  expect(two.trusted).toBe(false);
  await files.trust(two.handle, two.text);
  const again = new NotebookFiles(new TrustStore(join(base, "home"), []), join(base, "notebooks"));
  expect((await again.open(again.grant(join(base, "notebooks", "two.html")))).trusted).toBe(true);
  writeFileSync(join(base, "notebooks", "two.html"), `${two.text} `);
  expect((await again.open(again.grant(join(base, "notebooks", "two.html")))).trusted).toBe(false);
});

test("saving replaces the file in one step and leaves nothing else behind", async () => {
  const { handle } = await files.open(files.grant(path));
  expect(await files.save(handle, `${text}<!-- more -->`, { force: false })).toEqual({ saved: true });
  expect(readFileSync(path, "utf8")).toBe(`${text}<!-- more -->`);
  expect(readdirSync(join(base, "notebooks"))).toEqual(["one.html"]);
  expect(await files.save(handle, text, { force: false })).toEqual({ saved: true });
});

test("saving over what another program wrote is refused unless forced", async () => {
  const { handle } = await files.open(files.grant(path));
  writeFileSync(path, "of another program");
  const refused = await files.save(handle, "mine", { force: false });
  expect(refused).toEqual({ saved: false, reason: "one.html was changed by another program since it was opened" });
  expect(readFileSync(path, "utf8")).toBe("of another program");
  expect(await files.save(handle, "mine", { force: true })).toEqual({ saved: true });
  expect(readFileSync(path, "utf8")).toBe("mine");
  rmSync(path);
  expect(await files.save(handle, "mine", { force: false })).toMatchObject({ saved: false });
});

test("a save that fails leaves what was there, and no half-written file", async () => {
  const { handle } = await files.open(files.grant(path));
  rmSync(path);
  mkdirSync(path);
  writeFileSync(join(path, "inside"), "kept");
  await expect(files.save(handle, "mine", { force: true })).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST|EPERM/);
  expect(readdirSync(join(base, "notebooks"))).toEqual(["one.html"]);
  expect(readFileSync(join(path, "inside"), "utf8")).toBe("kept");
});

test("the journal is offered while it is newer than the file and says something else", async () => {
  const { handle } = await files.open(files.grant(path));
  expect(await files.recover(handle)).toBeNull();
  await files.journal(handle, "unsaved");
  expect(readFileSync(join(`${path}.tidemark`, ".gitignore"), "utf8")).toBe("*\n");
  expect(await files.recover(handle)).toBe("unsaved");
  const later = new Date(Date.now() + 60_000);
  utimesSync(path, later, later);
  expect(await files.recover(handle)).toBeNull();
  await files.journal(handle, text);
  expect(await files.recover(handle)).toBeNull();
  await files.journal(handle, null);
  expect(existsSync(join(`${path}.tidemark`, "journal.html"))).toBe(false);
});

test("data files are those of the folder and of samples; no name leads out of them", async () => {
  mkdirSync(join(base, "samples"));
  writeFileSync(join(base, "samples", "log.jsonl"), "{}\n");
  writeFileSync(join(base, "notebooks", "near.csv"), "a\n1\n");
  writeFileSync(join(base, "secret.jsonl"), "secret");
  symlinkSync(join(base, "secret.jsonl"), join(base, "notebooks", "link.jsonl"));
  const { handle, files: list } = await files.open(files.grant(path));
  expect(list).toEqual([
    { name: "near.csv", size: 4 },
    { name: "log.jsonl", size: 3 },
  ]);
  expect(new TextDecoder().decode(await files.readData(handle, "log.jsonl"))).toBe("{}\n");
  expect(new TextDecoder().decode(await files.readData(handle, "../samples/log.jsonl"))).toBe("{}\n");
  expect(new TextDecoder().decode((await files.readPart(handle, "log.jsonl", 1, 3)).bytes)).toBe("}\n");
  await expect(files.readPart(handle, "../secret.jsonl", 0, 9)).rejects.toThrow("no data file");
  await expect(files.readData(handle, "lg.jsonl")).rejects.toThrow(
    'there is no data file "lg.jsonl" for this notebook; did you mean "log.jsonl"?',
  );
  await expect(files.readData(handle, "payments.parquet")).rejects.toThrow("it may read near.csv, log.jsonl");
  for (const name of ["../secret.jsonl", "link.jsonl", "/etc/passwd", "one.html", "samples/../../secret.jsonl", ""]) {
    await expect(files.readData(handle, name)).rejects.toThrow("no data file");
  }
});

test("a new notebook never replaces a file, and its name is only a name", async () => {
  const made = await files.create("Late cards");
  expect(made).toMatchObject({ name: "Late cards.html", trusted: true });
  await expect(files.create("Late cards")).rejects.toThrow("is there already");
  for (const name of ["../up", "a/b", "", " ", ".hidden", "a\u0000b"])
    await expect(files.create(name)).rejects.toThrow("can't be the name");
});

test("a damaged trust store trusts nothing", async () => {
  mkdirSync(join(base, "home"));
  writeFileSync(join(base, "home", "trust.json"), '{"sha256": ["');
  expect(await new TrustStore(join(base, "home"), []).trusts(text)).toBe(false);
});
