/**
 * A notebook without a window: its cells are evaluated, and one of its streams is run to the end by a run of its own.
 * What the command line, scheduled jobs and tests use.
 */
import type { Flow } from "../engine/flow.ts";
import { Run, type RunOptions, type Tap } from "../engine/run.ts";
import { divide, type Undivided } from "../engine/shards/divide.ts";
import { ShardedRun, type ShardHost } from "../engine/shards/sharded-run.ts";
import type { Step } from "../engine/step.ts";
import { Table } from "../engine/table.ts";
import { profileNamed } from "../model/profiles.ts";
import { readNotebook } from "../notebook/read.ts";
import type { Schema } from "../columns/column.ts";
import { identity } from "../pipeline/identity.ts";
import { type Node, schemaOf, topological } from "../pipeline/node.ts";
import { Stream } from "../pipeline/stream.ts";
import type { SourceNode } from "../pipeline/verbs/source.ts";
import { isLive, type LiveSources } from "./live-sources.ts";
import { Session } from "./session.ts";
import { SqlQuery } from "./sql/headless-query.ts";
import type { PartReader } from "./grouped-sources.ts";
import { type FileReader, type LoadingListener, SourceFiles } from "./source-files.ts";

export interface HeadlessOptions {
  /** The notebook's name, for messages. */
  readonly file: string;
  readonly read: FileReader;
  /** Reads parts of files, so that logs can be larger than memory. Default: they are read whole. Then a run takes `complete`. */
  readonly part?: PartReader;
  /** Values that stand in for what cells define. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly now: () => number;
  readonly defer: (work: () => void) => void;
  readonly loading?: LoadingListener;
  /** Where live sources are found, and a way to wait until those of a stream are there. Absent: they cannot be read. */
  readonly live?: LiveSources;
  readonly connected?: (sources: readonly SourceNode[]) => Promise<void>;
}

/** A stream of a notebook with everything needed to run it. */
export interface HeadlessStream {
  readonly name: string;
  readonly stream: Stream;
  readonly schema: Schema;
  readonly sources: SourceFiles;
  /** Columns of a source by its node's identity. */
  sourceSchema(id: string): Schema;
}

/** A SQL cell's query with the streams that it is about. */
export interface HeadlessQuery {
  readonly name: string;
  readonly query: SqlQuery;
  readonly streams: ReadonlyMap<string, HeadlessStream>;
  readonly sources: SourceFiles;
}

/**
 * Evaluates a notebook and finds a stream in it: the one called `name`, or without a name the last that is defined.
 * Rejects with a cell's error, or with the names there are.
 */
export async function openStream(text: string, name: string | null, options: HeadlessOptions): Promise<HeadlessStream> {
  const found = await openResult(text, name, options);
  if ("stream" in found) return found;
  throw new Error(`"${found.name}" is no stream, but what a SQL cell gives. Name a stream with --cell.`);
}

/** Does as `openStream`, and finds what a SQL cell gives as well. */
export async function openResult(
  text: string,
  name: string | null,
  options: HeadlessOptions,
): Promise<HeadlessStream | HeadlessQuery> {
  const document = readNotebook(text, { file: options.file });
  const session = new Session({
    post: () => {},
    engine: () => {},
    now: options.now,
    defer: options.defer,
    ambient: {
      __query: SqlQuery.over,
      latest: () => {
        throw new Error("latest(…) needs a replay on screen; on the command line nothing is shown while it runs.");
      },
      explain: () => {
        throw new Error("explain(…) needs a replay on screen; on the command line nothing is shown while it runs.");
      },
    },
  });
  try {
    for (const [key, value] of Object.entries(options.parameters ?? {})) session.setParameter(key, value);
    session.receive({
      type: "cells",
      cells: document.cells.map(({ id, type, source, attributes }) => ({ id, type, source, attributes })),
      run: "all",
    });
    await session.settled();
    const defined = session.cells().flatMap(cell => cell.definitions);
    for (const key of Object.keys(options.parameters ?? {}))
      if (!defined.includes(key))
        throw new Error(`No cell defines "${key}", so it cannot be a parameter. There are: ${defined.join(", ")}.`);
    const wanted = name ?? (await lastStream(session));
    const value = await session.value(wanted);
    const sources = new SourceFiles(options.read, options.loading, options.live, options.part);
    const open = (own: string, stream: Stream): Promise<HeadlessStream> => loaded(own, stream, sources, options);
    if (value instanceof SqlQuery) {
      const streams = new Map<string, HeadlessStream>();
      for (const [own, stream] of value.streams()) streams.set(own, await open(own, stream));
      return { name: wanted, query: value, streams, sources };
    }
    if (!(value instanceof Stream))
      throw new Error(
        `"${wanted}" is no stream, but ${value === null ? "null" : `a ${typeof value}`}. Name a stream with --cell.`,
      );
    return await open(wanted, value);
  } finally {
    session.dispose();
  }
}

/** Reads what a stream is made from. */
async function loaded(
  name: string,
  stream: Stream,
  sources: SourceFiles,
  { connected }: HeadlessOptions,
): Promise<HeadlessStream> {
  const nodes = topological([stream.node]).filter(n => n.verb === "source");
  await Promise.all(nodes.map(n => sources.load(n, n === stream.node ? name : null)));
  await connected?.(nodes.filter(isLive));
  const schema = schemaOf(stream.node, source => sources.log(source).batch.schema);
  return {
    name,
    stream,
    schema,
    sources,
    sourceSchema: id => {
      const node = nodes.find(n => identity(n) === id) as SourceNode;
      return sources.log(node).batch.schema;
    },
  };
}

async function lastStream(session: Session): Promise<string> {
  const names = session.cells().flatMap(cell => cell.definitions);
  for (const name of names.reverse()) {
    const value = await session.value(name).catch(() => null);
    if (value instanceof Stream) return name;
  }
  throw new Error("The notebook defines no stream. Define one, such as const payments = source(…).");
}

/** Makes a run of one stream with a table of its result and, if asked for, a listener for its changes. */
export function runOf(headless: HeadlessStream, options: HeadlessRunOptions = {}): { run: Run; table: Table } {
  const { run, tables } = runOfAll([headless], options);
  return { run, table: tables[0] };
}

export interface HeadlessRunOptions {
  readonly profile?: string;
  readonly microBatch?: number | null;
  readonly specialize?: boolean;
  /** Hears of every change of the first stream. */
  readonly onChanges?: (flow: Flow, step: Step) => void;
}

/** Makes one run of several streams over the same sources, with a table of each. */
export function runOfAll(
  streams: readonly HeadlessStream[],
  options: HeadlessRunOptions = {},
): { run: Run; tables: Table[] } {
  const run = new Run(nodesOf(streams), { ...settingsOf(streams, options), remember: false });
  return { run, tables: tablesOn(run, streams, options) };
}

/** Where and in how many shards a run is to be worked. */
export interface Workers {
  readonly host: ShardHost;
  /** At least 2. */
  readonly shards: number;
  /** What it takes to start, ms; nothing is divided then that would not pay. Default: whatever can be divided is. */
  readonly start?: number;
}

/**
 * Does as `runOfAll`, with what goes by key worked in shards: the same tables and changes, in the same order. Says in a sentence
 * why nothing is divided where that is so.
 */
export function shardedRunOfAll(
  streams: readonly HeadlessStream[],
  { host, shards, start }: Workers,
  options: HeadlessRunOptions = {},
): { sharded: ShardedRun; tables: Table[] } | Undivided {
  const settings = { ...settingsOf(streams, options), shards };
  const division = divide(nodesOf(streams), { ...settings, start });
  if ("reason" in division) return division;
  const sharded = new ShardedRun(nodesOf(streams), division, { ...settings, host });
  return { sharded, tables: tablesOn(sharded.run, streams, options) };
}

function nodesOf(streams: readonly HeadlessStream[]): Node[] {
  return streams.map(({ stream }) => stream.node);
}

function settingsOf([{ sources }]: readonly HeadlessStream[], options: HeadlessRunOptions): RunOptions {
  return {
    logs: source => sources.log(source),
    supply: (source, from, columns) => sources.supply(source, from, columns),
    profile: profileNamed(options.profile ?? "tidemark"),
    microBatch: options.microBatch ?? null,
    specialize: options.specialize,
  };
}

function tablesOn(run: Run, streams: readonly HeadlessStream[], { onChanges }: HeadlessRunOptions): Table[] {
  const tables = streams.map(({ stream, schema }) => new Table(stream.node, schema));
  for (const table of tables) run.tap(table);
  if (onChanges !== undefined) {
    const tap: Tap = { node: streams[0].stream.node, apply: onChanges, reset: () => {} };
    run.tap(tap);
  }
  return tables;
}
