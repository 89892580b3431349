/**
 * A shard: a run over the whole of the logs that computes the divided part of a pipeline with the rows of its own keys. It goes
 * through the same steps as the whole run, sees every position and every watermark, and hands over what comes out, a few steps
 * at a time.
 */
import { type Batch, gatherBatch, sliceBatch } from "../../columns/batch.ts";
import { gatherFloats } from "../../columns/column.ts";
import type { Dictionary } from "../../columns/dictionary.ts";
import type { Profile } from "../../model/profiles.ts";
import { identity } from "../../pipeline/identity.ts";
import type { Node } from "../../pipeline/node.ts";
import type { SourceLog } from "../../pipeline/source-log.ts";
import { MAIN } from "../../pipeline/verb.ts";
import type { Flow } from "../flow.ts";
import { type GraphNode, read } from "../graph.ts";
import type { Outputs } from "../operator.ts";
import { Run } from "../run.ts";
import type { Step } from "../step.ts";
import type { TimedStep } from "../timeline.ts";
import { dictionariesOf } from "./shared-log.ts";
import { type SharedWatermarks, Told } from "./told.ts";
import { Packer, type ShardPart } from "./part.ts";

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
  readonly sources: readonly Node[];
  /** Side outputs of sources that the whole run reads, because steps depend on that. */
  readonly sourcePorts: readonly Node[];
  /** The log of each source. */
  readonly logs: readonly SourceLog[];
  /** By source: its watermarks, where they are worked out for all shards at once. */
  readonly watermarks: readonly (SharedWatermarks | null)[];
  readonly groups: readonly ShardTaskGroup[];
  /** Steps that are handed over together. */
  readonly stepsPerPart: number;
  /** Values of a log that a shard copies at most, so as to have its rows one after the other; of longer ones it selects them. */
  readonly mostCopied: number;
}

export interface ShardTaskGroup {
  readonly cuts: readonly Node[];
  /** By place of a source: the shard of each of its rows; null where the group does not read it. */
  readonly owners: readonly (Uint8Array | null)[];
}

/** The rows of a shard in a log: their numbers, and a copy of them where there are not too many. */
interface Share {
  readonly rows: Int32Array;
  readonly copy: { readonly batch: Batch; readonly time: Float64Array } | null;
}

const SHARES = new WeakMap<Uint8Array, (Share | undefined)[]>();

/** Finds the rows of a shard, once for each division of a log. */
function shareOf({ batch, time }: SourceLog, owners: Uint8Array, { shard, mostCopied }: ShardTask): Share {
  let known = SHARES.get(owners);
  if (known === undefined) SHARES.set(owners, (known = []));
  let share = known[shard];
  if (share === undefined) {
    let count = 0;
    for (let i = 0; i < owners.length; i++) if (owners[i] === shard) count++;
    const rows = new Int32Array(count);
    count = 0;
    for (let i = 0; i < owners.length; i++) if (owners[i] === shard) rows[count++] = i;
    const copied = count * batch.columns.length <= mostCopied;
    const copy = copied ? { batch: gatherBatch(batch, rows, count), time: gatherFloats(time, rows, count) } : null;
    known[shard] = share = { rows, copy };
  }
  return share;
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

/** A node that is handed over. */
interface Handed {
  readonly node: GraphNode;
  readonly packer: Packer;
}

/** The run of one group. */
class Group {
  readonly run: Run;
  readonly #handed: readonly Handed[];
  readonly #sources: readonly string[];
  readonly #own: readonly (OwnRows | null)[];
  /** Rows of each source so far. */
  readonly #offsets: Int32Array;
  #timed: TimedStep | null = null;

  constructor(task: ShardTask, { cuts, owners }: ShardTaskGroup, dictionaries: ReadonlyMap<Dictionary, number>) {
    const { settings, sources, logs } = task;
    this.#sources = sources.map(identity);
    this.#own = owners.map((of, s) => (of === null ? null : new OwnRows(shareOf(logs[s], of, task))));
    this.#offsets = new Int32Array(sources.length);
    const byId = new Map(this.#sources.map((id, s) => [id, logs[s]]));
    // Sources come first, so that their order, on which the steps depend, is that of the whole run.
    this.run = new Run([...sources, ...task.sourcePorts, ...cuts], {
      ...settings,
      logs: node => byId.get(identity(node)) as SourceLog,
      remember: false,
      part: { turns: true, flows: timed => this.#restrict(timed) },
    });
    task.watermarks.forEach((told, s) => {
      if (told !== null) this.run.feed(this.#sources[s])?.tell(new Told(told, null));
    });
    this.#handed = cuts.map(cut => {
      const node = this.run.graph.of(cut);
      return { node, packer: new Packer(node.schema(MAIN), dictionaries, task.stepsPerPart) };
    });
  }

  #restrict(timed: TimedStep): ReadonlyMap<string, Outputs> {
    const out = new Map<string, Outputs>();
    this.#sources.forEach((id, s) => {
      const outputs = timed.flows.get(id) as Outputs;
      const { main } = outputs;
      const own = this.#own[s];
      out.set(id, own === null ? { main } : { main: own.of(main, this.#offsets[s]) });
      this.#offsets[s] += main.count;
    });
    this.#timed = { step: timed.step, flows: out };
    return out;
  }

  /** Works a step. Returns it, or null when there is none. */
  advance(): Step | null {
    if (!this.run.advance()) return null;
    const { step, flows } = this.#timed as TimedStep;
    for (const { node, packer } of this.#handed) {
      const flow = read(node, MAIN);
      packer.add(flow, step, this.#sourceOf(flow, flows));
    }
    return step;
  }

  /** The place of the source whose watermark a flow has, or −1. */
  #sourceOf(flow: Flow, flows: ReadonlyMap<string, Outputs>): number {
    const { watermark } = flow;
    return this.#sources.findIndex(id => flows.get(id)?.["main"].watermark === watermark);
  }

  take(transfer: ArrayBuffer[]): ShardPart["outputs"] {
    return this.#handed.map(({ packer }) => packer.take(transfer));
  }
}

export class Shard {
  readonly #groups: readonly Group[];
  readonly #stepsPerPart: number;
  #ended = false;

  constructor(task: ShardTask) {
    const dictionaries = new Map<Dictionary, number>();
    task.logs.flatMap(dictionariesOf).forEach((dictionary, place) => {
      if (!dictionaries.has(dictionary)) dictionaries.set(dictionary, place);
    });
    this.#groups = task.groups.map(group => new Group(task, group, dictionaries));
    this.#stepsPerPart = task.stepsPerPart;
  }

  /** Works the next steps and hands over what came out; null after the last. `transfer` receives the memory that goes with it. */
  next(transfer: ArrayBuffer[] = []): ShardPart | null {
    if (this.#ended) return null;
    const lengths: number[] = [];
    let first = -1;
    while (lengths.length < this.#stepsPerPart) {
      const [step, ...others] = this.#groups.map(group => group.advance());
      if (others.some(other => other?.length !== step?.length))
        throw new Error("A shard's groups have gone out of step.");
      if (step === null) {
        this.#ended = true;
        break;
      }
      if (first < 0) ({ first } = step);
      lengths.push(step.length);
    }
    if (lengths.length === 0) return null;
    return {
      first,
      lengths: Int32Array.from(lengths),
      outputs: this.#groups.flatMap(group => group.take(transfer)),
    };
  }
}
