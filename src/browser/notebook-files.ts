/**
 * The files of a host: notebooks by handles, their data files, the crash journal and atomic saving. Electron's main process
 * and the local server both run this very class, so that a rule about files is written once.
 *
 * A page never names a path. It holds handles that this class gave out for the notebook of the command line, for those in
 * the same folder, for files chosen in a dialog and for new ones.
 */
import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, realpath, stat, unlink, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import type { NotebookEntry, OpenedNotebook } from "../protocol/host.ts";
import { writeAtomically } from "./atomic-write.ts";
import { type PartOfFile, readPartOf } from "./file-parts.ts";
import { contentHash } from "./trust-store.ts";
import type { TrustStore } from "./trust-store.ts";

const dataFile = /\.(?:jsonl|ndjson|json|csv|tsv|txt|parquet|arrow|arrows|ipc)(?:\.(?:gz|zst))?$/i;

/** Bytes of a data file that are given at once. */
const largestPart = 2 ** 29;

interface Entry {
  readonly path: string;
  /** Hash of the content that was last read or written here, to notice changes by others; null before that. */
  seen: string | null;
  /** Whether the user said that it may run, as it is or as it was. */
  runs?: boolean;
}

/** A request that can't be granted; the message is for the user. */
export class HostError extends Error {
  override readonly name = "HostError";
}

export class NotebookFiles {
  readonly #trust: TrustStore;
  readonly #entries = new Map<string, Entry>();
  readonly #handles = new Map<string, string>();
  /** Where data files are that are read in parts, by notebook and name. */
  readonly #parts = new Map<string, string>();
  #initial: string | null = null;
  #folder: string;

  /** `folder`: where notebooks are listed and created until one is opened. */
  constructor(trust: TrustStore, folder: string) {
    this.#trust = trust;
    this.#folder = resolve(folder);
  }

  /** Grants a file that the user named on the command line or chose in a dialog; gives its handle. */
  grant(path: string): string {
    const absolute = resolve(path);
    const known = this.#handles.get(absolute);
    if (known !== undefined) return known;
    const handle = randomBytes(12).toString("base64url");
    this.#handles.set(absolute, handle);
    this.#entries.set(handle, { path: absolute, seen: null });
    return handle;
  }

  /** Names the notebook to start with. The user gave it to be run, so its present content is trusted. */
  async startWith(path: string): Promise<void> {
    this.#initial = this.grant(path);
    this.#folder = dirname(resolve(path));
    await this.#trust.trust(await this.#readText(resolve(path)));
  }

  async initial(): Promise<OpenedNotebook | null> {
    return this.#initial === null ? null : this.open(this.#initial);
  }

  /** Lists the notebooks in the folder of the one that was opened first, by name. */
  async notebooks(): Promise<NotebookEntry[]> {
    const names = await readdir(this.#folder).catch(() => []);
    const found: NotebookEntry[] = [];
    for (const name of names.filter(each => /\.html$/i.test(each) && !each.startsWith(".")).sort()) {
      const path = join(this.#folder, name);
      const head = await readFile(path, "utf8").then(
        text => text.slice(0, 4_000),
        () => "",
      );
      if (!/<notebook[\s>]/i.test(head)) continue;
      found.push({ handle: this.grant(path), name, title: titleIn(head) ?? name });
    }
    return found;
  }

  async open(handle: string): Promise<OpenedNotebook> {
    const entry = this.#entry(handle);
    const text = await this.#readText(entry.path);
    entry.seen = contentHash(text);
    const files = await this.#dataFiles(entry.path);
    const trusted = await this.#trust.trusts(text);
    entry.runs = trusted;
    return {
      handle,
      name: basename(entry.path),
      text,
      trusted,
      files: files.map(({ name, size }) => ({ name, size })),
    };
  }

  /** Makes a new notebook beside the present ones. What the user makes here is hers, so it may run. */
  async create(name: string): Promise<OpenedNotebook> {
    const stem = name.trim().replace(/\.html$/i, "");
    if (stem === "" || stem.length > 120 || /[\\/:*?"<>|\p{Cc}]/u.test(stem) || stem.startsWith(".")) {
      throw new HostError(
        `"${name}" can't be the name of a file; use letters, digits, spaces and hyphens, and no slash or leading dot`,
      );
    }
    const title = stem.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
    const text = `<!doctype html>\n<notebook theme="air">\n  <title>${title}</title>\n</notebook>\n`;
    const path = join(this.#folder, `${stem}.html`);
    try {
      await writeFile(path, text, { flag: "wx" });
    } catch (error) {
      if (!isCode(error, "EEXIST")) throw error;
      throw new HostError(`${basename(path)} is there already; open it, or choose another name`);
    }
    await this.#trust.trust(text);
    return this.open(this.grant(path));
  }

  /** Saves atomically. Without `force`, refuses when the file on the disk is not the one that was read. */
  async save(
    handle: string,
    text: string,
    options: { readonly force: boolean },
  ): Promise<{ saved: true } | { saved: false; reason: string }> {
    const entry = this.#entry(handle);
    if (!options.force && entry.seen !== null) {
      const present = await readFile(entry.path, "utf8").catch(error => {
        if (isCode(error, "ENOENT")) return null;
        throw error;
      });
      if (present === null) {
        return { saved: false, reason: `${basename(entry.path)} was deleted or moved since it was opened` };
      }
      if (contentHash(present) !== entry.seen) {
        return { saved: false, reason: `${basename(entry.path)} was changed by another program since it was opened` };
      }
    }
    await writeAtomically(entry.path, text);
    entry.seen = contentHash(text);
    return { saved: true };
  }

  /** Keeps unsaved work in the sidecar folder; `null` forgets it. */
  async journal(handle: string, text: string | null): Promise<void> {
    const entry = this.#entry(handle);
    const folder = sidecarOf(entry.path);
    if (text === null) {
      await unlink(join(folder, "journal.html")).catch(() => undefined);
      return;
    }
    await makeSidecar(folder);
    await writeAtomically(join(folder, "journal.html"), text);
  }

  /** Gives the journal's text when it is newer than the file and says something else. */
  async recover(handle: string): Promise<string | null> {
    const entry = this.#entry(handle);
    const path = join(sidecarOf(entry.path), "journal.html");
    try {
      const [journal, file] = await Promise.all([stat(path), stat(entry.path)]);
      if (journal.mtimeMs < file.mtimeMs) return null;
      const text = await readFile(path, "utf8");
      return text === (await readFile(entry.path, "utf8")) ? null : text;
    } catch {
      return null;
    }
  }

  async trust(handle: string, text: string): Promise<void> {
    this.#entry(handle).runs = true;
    await this.#trust.trust(text);
  }

  /** Throws unless the user said that this notebook may run: only then may it connect to anything. */
  mayRun(handle: string): void {
    if (!this.#entry(handle).runs)
      throw new HostError("this notebook is not trusted, so it may not connect to anything; run it if you trust it");
  }

  pathOf(handle: string): string {
    return this.#entry(handle).path;
  }

  /** Makes the folder of a notebook's recordings, beside it. */
  async recordingsOf(handle: string): Promise<string> {
    const sidecar = sidecarOf(this.#entry(handle).path);
    await makeSidecar(sidecar);
    return join(sidecar, "recordings");
  }

  /** Finds a data file to be followed; one that is not there yet may come to be beside the notebook. */
  async livePath(handle: string, name: string): Promise<string> {
    const { path } = this.#entry(handle);
    const wanted = name.replace(/^(?:\.\/|(?:\.\.\/)?samples\/)/, "");
    const found = (await this.#dataFiles(path)).find(file => file.name === wanted);
    if (found !== undefined) return found.path;
    if (dataFile.test(wanted) && basename(wanted) === wanted && !/[\\:\p{Cc}]/u.test(wanted))
      return join(dirname(path), wanted);
    throw new HostError(
      `"${name}" can't be followed: it takes the name of a data file beside the notebook, such as app.jsonl`,
    );
  }

  /** Reads a data file by the name under which `open` listed it. */
  async readData(handle: string, name: string): Promise<Uint8Array> {
    return readFile(await this.#dataFile(handle, name));
  }

  /** Reads bytes `[from, to)` of a data file. Rejects when that is more than is given at once. */
  async readPart(handle: string, name: string, from: number, to: number): Promise<PartOfFile> {
    if (to < from || to - from > largestPart)
      throw new HostError(`${name}: bytes ${from} to ${to} are no part that is given at once`);
    // A large file is read in many parts, and looked for but once.
    const key = `${handle} ${name}`;
    const path = this.#parts.get(key) ?? (await this.#dataFile(handle, name));
    this.#parts.set(key, path);
    return readPartOf(path, from, to);
  }

  async #dataFile(handle: string, name: string): Promise<string> {
    const entry = this.#entry(handle);
    const files = await this.#dataFiles(entry.path);
    const wanted = name.replace(/^(?:\.\/|(?:\.\.\/)?samples\/)/, "");
    const found = files.find(file => file.name === wanted);
    if (found === undefined)
      throw new HostError(
        withoutFile(
          name,
          files.map(file => file.name),
        ),
      );
    return found.path;
  }

  /** The notebook's own folder first, then `samples` in it, `samples` beside it, its recordings. Links that lead out are left out. */
  async #dataFiles(notebook: string): Promise<{ name: string; size: number; path: string }[]> {
    const own = dirname(notebook);
    const found = new Map<string, { name: string; size: number; path: string }>();
    const recordings = join(sidecarOf(notebook), "recordings");
    for (const folder of [own, join(own, "samples"), join(own, "..", "samples"), recordings]) {
      const names = await readdir(folder).catch(() => []);
      const base = names.length === 0 ? folder : await realpath(folder);
      for (const name of names.sort()) {
        if (!dataFile.test(name) || found.has(name)) continue;
        const path = await realpath(join(folder, name)).catch(() => null);
        if (path === null || relative(base, path).startsWith(`..${sep}`)) continue;
        const facts = await stat(path);
        if (facts.isFile()) found.set(name, { name, size: facts.size, path });
      }
    }
    return [...found.values()];
  }

  #entry(handle: string): Entry {
    const entry = this.#entries.get(handle);
    if (entry === undefined) throw new HostError("this notebook was not opened here; open it from the list of files");
    return entry;
  }

  async #readText(path: string): Promise<string> {
    try {
      return await readFile(path, "utf8");
    } catch (error) {
      if (isCode(error, "ENOENT")) throw new HostError(`there is no notebook at ${path}; check the name`);
      if (isCode(error, "EISDIR")) throw new HostError(`${path} is a folder; name a notebook in it`);
      throw error;
    }
  }
}

/** Says that there is no such file, and which name was meant or may be read. */
function withoutFile(name: string, names: readonly string[]): string {
  const missing = `there is no data file "${name}" for this notebook`;
  if (names.length === 0) return `${missing}; put one beside it, or in a folder named samples`;
  const near = names.map(each => ({ each, far: distance(each, name) })).sort((a, b) => a.far - b.far)[0];
  if (near.far <= 3) return `${missing}; did you mean "${near.each}"?`;
  return `${missing}; it may read ${names.slice(0, 8).join(", ")}${names.length > 8 ? `, and ${names.length - 8} more` : ""}`;
}

/** Counts the letters to add, remove or change to get from one name to the other (Levenshtein's distance). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}

/** Makes a sidecar folder where there is none; git leaves it alone. */
async function makeSidecar(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, ".gitignore"), "*\n", { flag: "wx" }).catch(() => undefined);
}

function sidecarOf(path: string): string {
  return `${path}.tidemark`;
}

function titleIn(head: string): string | null {
  const title = /<title>([^<]*)<\/title>/i.exec(head)?.[1];
  if (title === undefined) return null;
  return title
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&quot;/g, '"')
    .replace(/&amp;/g, "&")
    .trim();
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code;
}
