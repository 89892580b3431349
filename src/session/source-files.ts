/**
 * Loads what sources name: asks for each file once, decodes it once for each way of reading it, and keeps the logs while
 * the session lives, so that moving a slider never reads a file again.
 */
import { decodeAll, type ReadOptions } from "../connectors/decode.ts";
import { batchOf } from "../columns/builder.ts";
import type { ColumnType, Schema, Value } from "../columns/column.ts";
import type { DecodedLog } from "../connectors/log.ts";
import { inPieces } from "../connectors/pieces.ts";
import { sourceLogInPieces } from "../connectors/source-log.ts";
import { epochToMs, TimeReader } from "../connectors/timestamps.ts";
import type { Columns } from "../pipeline/columns-read.ts";
import { canonical } from "../pipeline/identity.ts";
import type { GroupReader } from "../connectors/groups/grouped-log.ts";
import type { SourceLog } from "../pipeline/source-log.ts";
import { ERRORS_SCHEMA, inputName, type SourceNode, type TimeField } from "../pipeline/verbs/source.ts";
import { GroupedSources, type PartReader } from "./grouped-sources.ts";
import { isLive, LiveSources } from "./live-sources.ts";

/** Gets a data file's bytes by the name that a source gave. Rejects with a message for the user. */
export type FileReader = (name: string) => Promise<Uint8Array>;

/** Hears how far loading is: what, and from 0 to 1. What it returns is awaited before anything more is read. */
export type LoadingListener = (what: string, progress: number) => void | Promise<void>;

export class SourceFiles {
  readonly #read: FileReader;
  readonly #loading: LoadingListener;
  readonly #live: LiveSources;
  readonly #bytes = new Map<string, Promise<Uint8Array>>();
  readonly #decoded = new Map<string, Promise<DecodedLog>>();
  readonly #logs = new Map<string, SourceLog | Error>();
  /** What is being loaded: who asks for it meanwhile waits for the same. */
  readonly #underway = new Map<string, Promise<void>>();
  /** Those that are too large to be in memory at once. */
  readonly #groups: GroupedSources;

  /**
   * `live`: where live sources are found; by default nobody can connect to them. `parts`: reads parts of files; by default they
   * are read whole, however large they are.
   */
  constructor(
    read: FileReader,
    loading: LoadingListener = () => {},
    live: LiveSources = UNREACHABLE,
    parts: PartReader | null = null,
  ) {
    this.#read = read;
    this.#loading = loading;
    this.#live = live;
    this.#groups = new GroupedSources(parts, loading);
  }

  /** Reads on from row `from` in a log that is read in parts. */
  supply(node: SourceNode, from: number, columns: Columns = null): GroupReader {
    return this.#groups.reader(logKey(node), from, columns);
  }

  /** The log of a source that has been loaded. Throws what went wrong with it, or when `load` has not run. */
  log(node: SourceNode): SourceLog {
    if (isLive(node)) return this.#live.log(node);
    const log = this.#logs.get(logKey(node));
    if (log === undefined) throw new Error("The source has not been loaded yet.");
    if (log instanceof Error) throw log;
    return log;
  }

  /** Whether any source is being loaded. */
  get loading(): boolean {
    return this.#underway.size > 0;
  }

  /** Loads a source if it is not there yet. Never rejects: what went wrong is thrown by `log`. A live one is only asked for. */
  async load(node: SourceNode, name: string | null = null): Promise<void> {
    if (isLive(node)) {
      this.#live.want(node, name ?? inputName(node.input));
      return;
    }
    const key = logKey(node);
    if (this.#logs.has(key)) return;
    let loading = this.#underway.get(key);
    if (loading === undefined) {
      loading = this.#make(key, node).finally(() => this.#underway.delete(key));
      this.#underway.set(key, loading);
    }
    await loading;
  }

  async #make(key: string, node: SourceNode): Promise<void> {
    try {
      const grouped = await this.#groups.open(key, node, readOptions(node));
      if (grouped !== null) {
        this.#logs.set(key, grouped.log);
        return;
      }
      const decoded = await this.#decode(node);
      const log = await inPieces(sourceLogInPieces(decoded, node, fileName(node)), () =>
        this.#loading(`Reading ${fileName(node)}`, 1),
      );
      const { input } = node;
      this.#logs.set(key, input.kind === "file" && input.ended !== undefined ? { ...log, ended: input.ended } : log);
    } catch (error) {
      this.#logs.set(key, error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Forgets failures, so that a file which has appeared since is found. */
  retry(): void {
    for (const [key, log] of this.#logs) if (log instanceof Error) this.#logs.delete(key);
    this.#bytes.clear();
  }

  #decode(node: SourceNode): Promise<DecodedLog> {
    const { input } = node;
    if (input.kind === "rows") return Promise.resolve(rowsLog(node, input.rows));
    if (input.kind === "live") throw new Error("A live source has no file.");
    const key = canonical([input, timesOf(node), node.types]);
    let decoded = this.#decoded.get(key);
    if (decoded === undefined) {
      decoded = this.#file(input.name).then(bytes =>
        decodeAll(bytes, FORMAT_NAMES[input.format ?? ""] ?? input.format, {
          ...readOptions(node),
          onProgress: ({ bytes: read }) => this.#loading(`Reading ${input.name}`, read / bytes.length),
        }),
      );
      this.#decoded.set(key, decoded);
      decoded.catch(() => this.#decoded.delete(key));
    }
    return decoded;
  }

  #file(name: string): Promise<Uint8Array> {
    let bytes = this.#bytes.get(name);
    if (bytes === undefined) {
      void this.#loading(`Opening ${name}`, 0);
      bytes = this.#read(name);
      this.#bytes.set(name, bytes);
      bytes.catch(() => this.#bytes.delete(name));
    }
    return bytes;
  }
}

const UNREACHABLE = new LiveSources(
  request => {
    throw new Error(`${request.input.name}: a live source cannot be read here. Record it, and read the recording.`);
  },
  () => {},
);

/** How the rows of a source's file are to be read. */
function readOptions(node: SourceNode): ReadOptions {
  const { input } = node;
  const required = [node.eventTime.column, ...(node.arrivalTime === null ? [] : [node.arrivalTime.column])];
  return {
    ...(input.kind === "file" ? input.options : {}),
    file: fileName(node),
    types: { ...node.types, ...Object.fromEntries(required.map(name => [name, "timestamp" as const])) },
    times: timesOf(node),
    required,
  };
}

/** Short names of formats, as people write them. */
const FORMAT_NAMES: Readonly<Record<string, string>> = { jsonl: "jsonlines", ndjson: "jsonlines", json: "jsonlines" };

/** What decides how a source's rows are read; its watermark does not. */
function logKey(node: SourceNode): string {
  return canonical([node.input, node.eventTime, node.arrivalTime, node.partition, node.types]);
}

function fileName(node: SourceNode): string {
  return inputName(node.input);
}

function timesOf(node: SourceNode): Record<string, { unit?: "s" | "ms" | "us" | "ns"; timeZone?: string }> {
  const out: Record<string, { unit?: "s" | "ms" | "us" | "ns"; timeZone?: string }> = {};
  for (const field of [node.eventTime, node.arrivalTime]) if (field !== null) out[field.column] = timeOptions(field);
  return out;
}

function timeOptions(field: TimeField): { unit?: "s" | "ms" | "us" | "ns"; timeZone?: string } {
  return {
    ...(field.unit === null ? {} : { unit: field.unit }),
    ...(field.timeZone === null ? {} : { timeZone: field.timeZone }),
  };
}

/** Rows written in a cell: types from their values, times read as in files. */
function rowsLog(node: SourceNode, rows: readonly Readonly<Record<string, Value>>[]): DecodedLog {
  const times = new Map([node.eventTime, node.arrivalTime].filter(f => f !== null).map(f => [f.column, f]));
  const readers = new Map([...times].map(([name, field]) => [name, new TimeReader(timeOptions(field))]));
  const names = [...new Set(rows.flatMap(row => Object.keys(row)))];
  const schema: Schema = names.map(name => ({
    name,
    type: times.has(name) ? ("timestamp" as const) : (node.types[name] ?? typeOfValues(rows.map(row => row[name]))),
    nullable: rows.some(row => row[name] === null || row[name] === undefined),
  }));
  const good: Record<string, Value>[] = [];
  const line: number[] = [];
  const errors: Record<string, Value>[] = [];
  rows.forEach((row, i) => {
    const read: Record<string, Value> = { ...row };
    for (const [name, reader] of readers) {
      const value = row[name] ?? null;
      // Numbers in a cell are JavaScript's own: milliseconds, unless the source states another unit.
      const unit = times.get(name)?.unit ?? "ms";
      const time =
        typeof value === "number" ? epochToMs(value, unit) : typeof value === "string" ? reader.string(value) : NaN;
      if (Number.isNaN(time)) {
        errors.push({
          line: i + 1,
          field: name,
          value: JSON.stringify(value),
          reason: `"${name}" is no time that can be read.`,
        });
        return;
      }
      read[name] = time;
    }
    good.push(read);
    line.push(i + 1);
  });
  const batch = batchOf(schema, good);
  return { schema, batch, line: Int32Array.from(line), errors: batchOf(ERRORS_SCHEMA, errors), notes: [] };
}

function typeOfValues(values: readonly (Value | undefined)[]): ColumnType {
  const types = new Set(values.filter(v => v !== null && v !== undefined).map(v => typeof v));
  if (types.size !== 1) return types.size === 0 ? "string" : "json";
  const [type] = types;
  return type === "number" || type === "boolean" || type === "string" ? type : "json";
}
