/**
 * Tidemark as a library: the words of its notebooks, the engine that runs them, and a runner for scripts.
 *
 * ```ts
 * import { bounded, fixed, op, runPipeline, source } from "tidemark";
 *
 * const hourly = source("payments.jsonl", { eventTime: "at", watermark: bounded("30 s") })
 *   .window(fixed("1 h"))
 *   .rollup({ total: d => op.sum(d.amount) });
 *
 * const { rows } = await runPipeline(hourly, { folder: "logs" });
 * ```
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readPartOf } from "./browser/file-parts.ts";
import type { Schema, Value } from "./columns/column.ts";
import { OutputHash } from "./engine/output-hash.ts";
import { Run } from "./engine/run.ts";
import { Table } from "./engine/table.ts";
import { type ProfileName, profileNamed } from "./model/profiles.ts";
import { schemaOf, topological } from "./pipeline/node.ts";
import type { Stream } from "./pipeline/stream.ts";
import { plainRow } from "./session/plain-rows.ts";
import { SourceFiles } from "./session/source-files.ts";

export { desc } from "./pipeline/orders.ts";
export { rows, source } from "./pipeline/sources.ts";
export { Stream } from "./pipeline/stream.ts";
export { op } from "./expressions/op.ts";
export { captured } from "./expressions/captured.ts";
export { calendar, cumulating, fixed, global, sessions, sliding } from "./model/windows.ts";
export {
  afterAll,
  afterAny,
  afterCount,
  afterEach,
  afterProcessingTime,
  afterWatermark,
  DEFAULT_TRIGGER,
  never,
  orFinally,
  repeatedly,
} from "./model/triggers.ts";
export { adaptive, bounded, manual, percentile, perfect, punctuated } from "./model/watermarks.ts";
export { duration, formatDuration } from "./model/time.ts";
export { PROFILES, type Profile, type ProfileName, profileNamed } from "./model/profiles.ts";
export type { Schema, Value } from "./columns/column.ts";
export type { Flow } from "./engine/flow.ts";
export type { SourceLog } from "./pipeline/source-log.ts";
export { OutputHash } from "./engine/output-hash.ts";
export { Run, type RunOptions, type Tap } from "./engine/run.ts";
export { Table } from "./engine/table.ts";
export { SourceFiles } from "./session/source-files.ts";

export interface PipelineOptions {
  /** Where data files are. Default: the working folder. */
  readonly folder?: string;
  /** Whose rules apply. Default: `tidemark`. */
  readonly profile?: ProfileName;
}

/** What a pipeline came to. */
export interface PipelineResult {
  readonly schema: Schema;
  /** What all changes sum to; times are milliseconds since the epoch. */
  readonly rows: readonly Readonly<Record<string, Value>>[];
  /** Equal for two runs when every row came out in the same order, with the same values, weight, pane and processing time. */
  readonly hash: string;
  /** The rows as lines of JSON, with times in ISO 8601. */
  jsonLines(): string[];
}

/**
 * Replays the logs that a stream reads and runs it to the end. Rejects with what is wrong with a file, and where: a file
 * that is not in the folder, a column that is missing, a time whose unit has to be stated.
 */
export async function runPipeline(stream: Stream, options: PipelineOptions = {}): Promise<PipelineResult> {
  const { node } = stream;
  const { folder = ".", profile = "tidemark" } = options;
  const reading = async <Result>(name: string, read: (path: string) => Promise<Result>): Promise<Result> => {
    const path = join(folder, name);
    try {
      return await read(path);
    } catch (error) {
      throw new Error(`${name}: cannot be read at ${path}. Name the folder it is in.`, { cause: error });
    }
  };
  const files = new SourceFiles(
    name => reading(name, path => readFile(path)),
    undefined,
    undefined,
    (name, from, to) => reading(name, path => readPartOf(path, from, to)),
  );
  const sources = topological([node]).filter(n => n.verb === "source");
  await Promise.all(sources.map(source => files.load(source)));
  const schema = schemaOf(node, source => files.log(source).batch.schema);
  const run = new Run([node], {
    logs: source => files.log(source),
    supply: (source, from, columns) => files.supply(source, from, columns),
    profile: profileNamed(profile),
    remember: false,
  });
  const table = new Table(node, schema);
  const hash = new OutputHash();
  run.tap(table);
  run.tap({ node, apply: (flow, step) => hash.apply(flow, step), reset: () => {} });
  await run.complete();
  const rows = table.rows();
  return { schema, rows, hash: hash.digest(), jsonLines: () => rows.map(row => JSON.stringify(plainRow(schema, row))) };
}
