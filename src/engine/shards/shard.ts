/**
 * A shard: the divided part of a pipeline, worked with the rows of its own keys. It goes through the same steps as the whole run,
 * sees every position and every watermark, and hands over what comes out, step by step. In a thread of its own it makes the steps
 * itself, from the whole of the logs (`Shard`); where the shards come together it is worked on the steps of that run (`OwnPart`).
 */
import { type Batch, sliceBatch } from "../../columns/batch.ts";
import { type Column, gatherColumn, gatherFloats, type Schema, type Value } from "../../columns/column.ts";
import type { Dictionary } from "../../columns/dictionary.ts";
import type { Profile } from "../../model/profiles.ts";
import { type Columns, columnsRead } from "../../pipeline/columns-read.ts";
import { identity } from "../../pipeline/identity.ts";
import { type Node, schemaOf } from "../../pipeline/node.ts";
import type { SourceLog } from "../../pipeline/source-log.ts";
import type { SourceNode } from "../../pipeline/verbs/source.ts";
import { MAIN } from "../../pipeline/verb.ts";
import { dense, type Flow } from "../flow.ts";
import { Graph, type GraphNode, read } from "../graph.ts";
import type { Outputs } from "../operator.ts";
import { Run } from "../run.ts";
import type { TimedStep } from "../timeline.ts";
import type { CutOutput, CutSchemas, ShardPart } from "./part.ts";
import { dictionariesOf } from "./shared-log.ts";

/** The settings of a run that its shards share. */
export interface ShardSettings {
  readonly profile: Profile;
  readonly codegen?: boolean;
  readonly specialize?: boolean;
  readonly stepLength: number;
  readonly microBatch: number | null;
}

/** What a shard is to do. Plain data but for its logs. */
export interface ShardTask {
  /** Its number, from 0. */
  readonly shard: number;
  readonly settings: ShardSettings;
  /** The sources of the whole run, in its order: every one makes steps. */
  readonly sources: readonly SourceNode[];
  /** Side outputs of sources that the whole run reads, because steps depend on that. */
  readonly sourcePorts: readonly Node[];
  /** The log of each source. */
  readonly logs: readonly SourceLog[];
  readonly groups: readonly ShardTaskGroup[];
  /** Values of a log that a shard copies at most, so as to have its rows one after the other; of longer ones it selects them. */
  readonly mostCopied: number;
}

export interface ShardTaskGroup {
  readonly cuts: readonly Node[];
  /** By place of a source: the shard of each of its rows; null where the group does not read it. */
  readonly owners: readonly (Uint8Array | null)[];
}

/** The rows of a shard in a log: their numbers, and a copy of what is read of them where that is not too much. */
interface Share {
  readonly rows: Int32Array;
  readonly copy: { readonly batch: Batch; readonly time: Float64Array } | null;
}

const SHARES = new WeakMap<Uint8Array, (Share | undefined)[]>();

/** Finds the rows of a shard, once for each division of a log. `read`: the columns that anybody looks at. */
function shareOf(
  { batch, time }: SourceLog,
  owners: Uint8Array,
  read: Columns,
  { shard, mostCopied }: ShardTask,
): Share {
  let known = SHARES.get(owners);
  if (known === undefined) SHARES.set(owners, (known = []));
  let share = known[shard];
  if (share === undefined) {
    let count = 0;
    for (let i = 0; i < owners.length; i++) if (owners[i] === shard) count++;
    const rows = new Int32Array(count);
    count = 0;
    for (let i = 0; i < owners.length; i++) if (owners[i] === shard) rows[count++] = i;
    const wanted = batch.schema.map(({ name }) => read === null || read.has(name));
    const copied = count * wanted.filter(is => is).length <= mostCopied;
    const copy = copied ? { batch: gathered(batch, rows, wanted), time: gatherFloats(time, rows, count) } : null;
    known[shard] = share = { rows, copy };
  }
  return share;
}

/** Copies rows, with nulls in the columns that are not wanted. */
function gathered({ schema, columns }: Batch, rows: Int32Array, wanted: readonly boolean[]): Batch {
  const { length } = rows;
  return {
    schema,
    length,
    columns: columns.map((column, c) => (wanted[c] ? gatherColumn(column, rows, length) : nulls(column, length))),
  };
}

/** A column of nulls. Memory of numbers that nobody looks at is not laid out. */
function nulls(column: Column, length: number): Column {
  const { type } = column;
  switch (type) {
    case "number":
    case "timestamp":
      return { type, values: new Float64Array(length), valid: new Uint8Array(length) };
    case "boolean":
      return { type, values: new Uint8Array(length), valid: new Uint8Array(length) };
    case "string":
      return { type, codes: new Int32Array(length).fill(-1), dictionary: column.dictionary };
    case "json":
      return { type, values: new Array<Value>(length).fill(null) };
  }
}

/** Restricts what a source puts out, step by step, to the rows of a shard. */
class OwnRows {
  readonly #share: Share;
  #next = 0;
  #places = new Int32Array(0);

  constructor(share: Share) {
    this.#share = share;
  }

  /** Restricts a flow, whose rows are those of the log that follow the last ones seen and begin with `from`. */
  of(flow: Flow, from: number): Flow {
    const { rows, copy } = this.#share;
    const until = from + flow.count;
    const first = this.#next;
    let next = first;
    if (this.#places.length < flow.count) this.#places = new Int32Array(flow.count);
    const places = this.#places;
    while (next < rows.length && rows[next] < until) {
      places[next - first] = rows[next] - from;
      next++;
    }
    this.#next = next;
    const count = next - first;
    if (copy === null) return { ...flow, selection: places, count };
    const { at } = flow;
    if (at !== null) for (let i = 0; i < count; i++) places[i] = at[places[i]];
    return {
      ...flow,
      batch: sliceBatch(copy.batch, first, next),
      count,
      at: places.subarray(0, count),
      time: copy.time.subarray(first, next),
    };
  }
}

/** The nodes of one parting of the sources. */
class Group {
  readonly #graph: Graph;
  readonly #handed: readonly GraphNode[];
  /** By place of a source: restricts its rows; null where the group does not read it. */
  readonly #own: readonly (OwnRows | null)[];

  constructor(task: ShardTask, { cuts, owners }: ShardTaskGroup) {
    const { settings, sources, logs } = task;
    this.#own = owners.map((of, s) => {
      if (of === null) return null;
      const alike = sources.filter((_, other) => logs[other] === logs[s]);
      return new OwnRows(shareOf(logs[s], of, columnsRead(cuts, alike), task));
    });
    const byId = new Map(sources.map((source, s) => [identity(source), logs[s].batch.schema]));
    this.#graph = new Graph(cuts, {
      profile: settings.profile,
      codegen: settings.codegen,
      specialize: settings.specialize,
      remembers: false,
      turns: true,
      sources: source => byId.get(identity(source)) as Schema,
    });
    this.#handed = cuts.map(cut => this.#graph.of(cut));
  }

  /** Works a step. `offsets`: the rows of each source before it. */
  work({ step, flows }: TimedStep, sources: readonly string[], offsets: Float64Array): CutOutput[] {
    const own = new Map<string, Outputs>();
    const watermarks: (Float64Array | null)[] = [];
    sources.forEach((id, s) => {
      const restricted = this.#own[s]?.of((flows.get(id) as Outputs)["main"], offsets[s]);
      if (restricted !== undefined) own.set(id, { main: restricted });
      watermarks.push(restricted?.watermark ?? null);
    });
    this.#graph.step(step, own);
    return this.#handed.map(node => {
      const flow = dense(read(node, MAIN));
      return { flow, source: watermarks.indexOf(flow.watermark) };
    });
  }
}

/** A shard's part of the work in each step of a run: its own, or that in which the shards come together. */
export class OwnPart {
  readonly #groups: readonly Group[];
  readonly #sources: readonly string[];
  /** Rows of each source so far. */
  readonly #offsets: Float64Array;

  constructor(task: ShardTask) {
    this.#sources = task.sources.map(identity);
    this.#offsets = new Float64Array(task.sources.length);
    this.#groups = task.groups.map(group => new Group(task, group));
  }

  /** Works a step. What it gives is valid until the next. */
  work(timed: TimedStep): ShardPart {
    const outputs = this.#groups.flatMap(group => group.work(timed, this.#sources, this.#offsets));
    this.#sources.forEach((id, s) => {
      this.#offsets[s] += (timed.flows.get(id) as Outputs)["main"].count;
    });
    return { length: timed.step.length, outputs };
  }
}

export class Shard {
  readonly #run: Run;
  #timed: TimedStep | null = null;
  readonly #own: OwnPart;

  constructor(task: ShardTask) {
    const { settings, sources, sourcePorts, logs } = task;
    const byId = new Map(sources.map((source, s) => [identity(source), logs[s]]));
    // A run of the sources alone makes the steps: the same as the whole run, in whose order the sources are.
    this.#run = new Run([...sources, ...sourcePorts], {
      ...settings,
      logs: node => byId.get(identity(node)) as SourceLog,
      remember: false,
      part: {
        flows: timed => {
          this.#timed = timed;
          return timed.flows;
        },
      },
    });
    this.#own = new OwnPart(task);
  }

  /** Works the next step and gives what came out, which is valid until the one after it; null after the last. */
  next(): ShardPart | null {
    return this.#run.advance() ? this.#own.work(this.#timed as TimedStep) : null;
  }
}

/** The schemas of what a shard hands over, in order. */
export function cutSchemas({ groups, sources, logs }: ShardTask): CutSchemas {
  const byId = new Map(sources.map((source, s) => [identity(source), logs[s].batch.schema]));
  const cuts = groups.flatMap(group => group.cuts);
  return cuts.map(cut => schemaOf(cut, source => byId.get(identity(source)) as Schema));
}

/** The dictionaries of a task's logs by their places, which are the same in every thread. */
export function placesOf(logs: readonly SourceLog[]): ReadonlyMap<Dictionary, number> {
  const places = new Map<Dictionary, number>();
  logs.flatMap(dictionariesOf).forEach((dictionary, place) => {
    if (!places.has(dictionary)) places.set(dictionary, place);
  });
  return places;
}
