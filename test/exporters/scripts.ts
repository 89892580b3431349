/** What tests of exporters share: streams opened without a window, run in process, and as a script of their own. */
import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { valueAt } from "../../src/columns/column.ts";
import { dense } from "../../src/engine/flow.ts";
import { TIMINGS } from "../../src/model/panes.ts";
import { plainRow } from "../../src/session/plain-rows.ts";
import { OutputHash } from "../../src/engine/output-hash.ts";
import type { ExportResult } from "../../src/exporters/exporter.ts";
import { exporterNamed } from "../../src/exporters/index.ts";
import type { Stream } from "../../src/pipeline/stream.ts";
import { schemaOf, topological } from "../../src/pipeline/node.ts";
import { type HeadlessStream, openStream, runOf } from "../../src/session/headless.ts";
import { SourceFiles } from "../../src/session/source-files.ts";
import type { SourceNode } from "../../src/pipeline/verbs/source.ts";
import { identity } from "../../src/pipeline/identity.ts";

export const ROOT = resolve(import.meta.dirname, "../..");
export const SAMPLES = join(ROOT, "samples");

const readFrom =
  (folder: string) =>
  (file: string): Promise<Uint8Array> =>
    readFile(join(folder, file));

/** Loads what a stream reads. */
export async function opened(stream: Stream, name = "result", folder = SAMPLES): Promise<HeadlessStream> {
  const sources = new SourceFiles(readFrom(folder));
  const nodes = topological([stream.node]).filter((n): n is SourceNode => n.verb === "source");
  await Promise.all(nodes.map(n => sources.load(n)));
  return {
    name,
    stream,
    sources,
    schema: schemaOf(stream.node, source => sources.log(source).batch.schema),
    sourceSchema: id => sources.log(nodes.find(n => identity(n) === id) as SourceNode).batch.schema,
  };
}

/** Opens a stream of a notebook's text. */
export function openedCell(
  notebook: string,
  name: string,
  parameters: Record<string, unknown> = {},
): Promise<HeadlessStream> {
  return openStream(notebook, name, {
    file: "test.html",
    read: readFrom(SAMPLES),
    parameters,
    now: () => 0,
    defer: work => void setImmediate(work),
  });
}

export function exported({ stream, name, sourceSchema }: HeadlessStream, target: string): ExportResult {
  return exporterNamed(target).export({
    node: stream.node,
    name,
    source: source => sourceSchema(identity(source)),
  });
}

/** The hash of a stream's output and its number of rows, run in this process. */
export function hashOf(headless: HeadlessStream): { hash: string; rows: number } {
  const hash = new OutputHash();
  const { run } = runOf(headless, { onChanges: (flow, step) => hash.apply(flow, step) });
  run.finish();
  return { hash: hash.digest(), rows: hash.rows };
}

/** Writes a script into the tests' output folder and returns its path. */
export async function written(folder: string, result: ExportResult): Promise<string> {
  if (result.files.length === 0) throw new Error(result.obstacles.map(o => `${o.where}: ${o.reason}`).join("\n"));
  const place = join(ROOT, "test/output", folder);
  await mkdir(place, { recursive: true });
  for (const file of result.files) await writeFile(join(place, file.name), file.text);
  return join(place, result.files[0].name);
}

const run = promisify(execFile);

/** Runs a TypeScript script with the checkout's own Node. */
export function runScript(path: string): Promise<{ stdout: string; stderr: string }> {
  return run(join(ROOT, "node_modules/.bin/node"), [path, SAMPLES], { maxBuffer: 1 << 28 });
}

/**
 * The rows that a stream puts out under a profile, as lines of JSON in the form of the exported scripts: times in ISO 8601,
 * and for panes their timing and index, and with `stamped` their timestamp.
 */
export function predicted(headless: HeadlessStream, profile: string, stamped = false): string[] {
  const lines: string[] = [];
  const { run } = runOf(headless, {
    profile,
    onChanges: given => {
      const flow = dense(given);
      for (let row = 0; row < flow.count; row++) {
        const values = flow.batch.schema.map((f, i) => [f.name, valueAt(flow.batch.columns[i], row)] as const);
        const { pane } = flow;
        lines.push(
          JSON.stringify({
            ...plainRow(headless.schema, Object.fromEntries(values)),
            ...(pane === null ? {} : { timing: TIMINGS[pane.timing[row]], pane: pane.index[row] }),
            ...(stamped ? { timestamp: new Date(flow.time[row]).toISOString() } : {}),
          }),
        );
      }
    },
  });
  run.finish();
  return lines;
}
