/** What commands have in common: reading a notebook and its data from the disk, parameters, and errors in one line. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join, normalize } from "node:path";
import type { SourceNode } from "../pipeline/verbs/source.ts";
import {
  type HeadlessOptions,
  type HeadlessQuery,
  type HeadlessStream,
  openResult,
  openStream,
} from "../session/headless.ts";
import type { LiveSources } from "../session/live-sources.ts";
import { readPartOf } from "../browser/file-parts.ts";
import { progressBar } from "./progress.ts";

/** A mistake in how a command was called: exit code 2. */
export class UsageError extends Error {}

/** Reads `k=v`: numbers, true, false, null and JSON as such, everything else as text. Throws a `UsageError` without `=`. */
export function parameter(text: string): [string, unknown] {
  const at = text.indexOf("=");
  if (at < 1) throw new UsageError(`--param ${text}: write it as name=value`);
  const value = text.slice(at + 1);
  try {
    return [text.slice(0, at), JSON.parse(value)];
  } catch {
    return [text.slice(0, at), value];
  }
}

/** Where a command finds live sources, and the file that standard input is to be read for. */
export interface NotebookSources {
  readonly live?: { readonly sources: LiveSources; connected(nodes: readonly SourceNode[]): Promise<void> };
  readonly stdin?: string;
}

/** Opens a stream of a notebook file. Data files are found beside the notebook, in `samples` there, and in `samples` one folder up. */
export function openNotebookStream(
  file: string,
  cell: string | null,
  parameters: readonly string[],
  sources: NotebookSources = {},
): Promise<HeadlessStream> {
  return opened(file, parameters, sources, (text, options) => openStream(text, cell, options));
}

/** Opens a stream of a notebook file, or what a SQL cell gives, to be run by `complete`: logs may be larger than memory. */
export function openNotebookResult(
  file: string,
  cell: string | null,
  parameters: readonly string[],
  sources: NotebookSources = {},
): Promise<HeadlessStream | HeadlessQuery> {
  return opened(file, parameters, sources, (text, options) => {
    const part: HeadlessOptions["part"] = async (name, from, to) => readPartOf(dataFile(dirname(file), name), from, to);
    // What comes through a pipe has no parts.
    return openResult(text, cell, { ...options, ...(sources.stdin === undefined ? { part } : {}) });
  });
}

async function opened<Result>(
  file: string,
  parameters: readonly string[],
  { live, stdin }: NotebookSources,
  open: (text: string, options: HeadlessOptions) => Promise<Result>,
): Promise<Result> {
  if (!existsSync(file)) throw new Error(`there is no notebook at ${file}; check the name`);
  const text = await readFile(file, "utf8");
  const folder = dirname(file);
  const bar = progressBar("Reading");
  try {
    return await open(text, {
      file: basename(file),
      read: name => (name === stdin ? readInput() : readData(folder, name)),
      ...(live === undefined ? {} : { live: live.sources, connected: nodes => live.connected(nodes) }),
      parameters: Object.fromEntries(parameters.map(parameter)),
      now: () => performance.now(),
      defer: work => void setImmediate(work),
      loading: (what, progress) => bar.show(progress, what),
    });
  } finally {
    bar.clear();
  }
}

function readData(folder: string, name: string): Promise<Uint8Array> {
  return readFile(dataFile(folder, name));
}

/** Reads all of standard input. */
async function readInput(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

/** Finds a file that a notebook follows; one that is not there yet may come to be beside the notebook. */
export function livePath(notebook: string, name: string): string {
  const places = placesOf(dirname(notebook), name);
  return places.find(existsSync) ?? places[0];
}

function placesOf(folder: string, name: string): string[] {
  // A notebook names files, not paths: it must not reach what nobody gave it.
  const safe = normalize(name);
  if (safe.startsWith("..") || safe.startsWith("/") || /^[a-z]:/i.test(safe))
    throw new Error(
      `${name}: a notebook reads files from its own folder or the samples beside it, not elsewhere. Put the file there.`,
    );
  return [join(folder, safe), join(folder, "samples", safe), join(folder, "..", "samples", safe)];
}

function dataFile(folder: string, name: string): string {
  const places = placesOf(folder, name);
  const found = places.find(existsSync);
  if (found === undefined)
    throw new Error(
      `${name}: there is no such file beside the notebook or in samples. Looked for ${places.join(", ")}.`,
    );
  return found;
}

/** Runs a command's work; errors become one line on standard error and the exit code 1, or 2 for wrong usage. */
export async function reporting(command: string, usage: string, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`tidemark ${command}: ${message}\n`);
    const wrong = error instanceof UsageError || (error instanceof TypeError && "code" in error);
    if (wrong) process.stderr.write(`\n${usage}`);
    return wrong ? 2 : 1;
  }
}
