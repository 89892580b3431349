/**
 * A run whose divided part is worked in shards and whose rest is worked here on what they hand over: the same rows in the same
 * order as from one run. It goes from beginning to end; what changes in mid-run, or goes back, needs a run of its own.
 *
 * The first shard is worked here as well, step by step on the very rows and watermarks of this run, and what comes out of it is
 * merged as it lies in memory. The others run ahead elsewhere. A link hands over their parts one at a time and lets them make no
 * more than a few that nobody has asked for, so however slow what follows is, little is held in between.
 *
 * ```
 * here       step 0: shard 0, merge, what follows │ step 1: shard 0, merge, what follows │ …
 * elsewhere  shard 1: step 0 │ step 1 │ step 2 │ …
 * ```
 */
import { PROFILES } from "../../model/profiles.ts";
import { identity } from "../../pipeline/identity.ts";
import { type Node, schemaOf, topological } from "../../pipeline/node.ts";
import type { Outputs } from "../operator.ts";
import { Run, type RunOptions } from "../run.ts";
import type { TimedStep } from "../timeline.ts";
import type { Division } from "./divide.ts";
import { Merger } from "./merge.ts";
import type { CutOutput, ShardPart } from "./part.ts";
import { OwnPart, type ShardSettings, type ShardTask } from "./shard.ts";
import { dictionariesOf } from "./shared-log.ts";

/** The way to a shard, wherever it is worked. */
export interface ShardLink {
  /** Hands over the shard's next part, which is valid until the one after it is asked for; null after the last. Rejects with the shard's error. */
  next(): Promise<ShardPart | null>;
  /** Ends the shard, if it still works. */
  close(): void;
}

/** Where shards are worked: what a host offers. */
export interface ShardHost {
  start(task: ShardTask): ShardLink;
}

export interface ShardOptions extends Omit<RunOptions, "remember" | "part"> {
  readonly host: ShardHost;
  /** How many shards, at least 2. */
  readonly shards: number;
  /** Whether the first of them is worked here, in turns with what brings them together. Default true. */
  readonly here?: boolean;
  /** Values of a log that a shard copies at most, to read its own rows faster. Default 2²⁶, half a gigabyte. */
  readonly mostCopied?: number;
}

export class ShardedRun {
  /** What is worked here. Taps are put on it; it must not be advanced, edited or taken back by itself. */
  readonly run: Run;
  readonly #links: readonly ShardLink[];
  /** The shard that is worked here. */
  readonly #own: OwnPart | null;
  readonly #sources: readonly string[];
  readonly #cuts: readonly { readonly id: string; readonly merger: Merger }[];
  /** What the shards elsewhere hand over of the step. */
  #parts: readonly ShardPart[] | null = null;
  #closed = false;

  constructor(roots: readonly Node[], division: Division, options: ShardOptions) {
    const { host, shards, here = true, mostCopied = 2 ** 26, ...run } = options;
    const { plan, sources, sourcePorts, owners } = division;
    const logs = sources.map(source => options.logs(source));
    const dictionaries = new Set(logs.flatMap(dictionariesOf));
    const cuts = plan.groups.flatMap(group => group.cuts);
    this.#sources = sources.map(identity);
    this.#cuts = cuts.map(cut => {
      const schema = schemaOf(cut, source => options.logs(source).batch.schema);
      return { id: identity(cut), merger: new Merger(schema, shards, dictionaries) };
    });
    const settings: ShardSettings = {
      profile: run.profile ?? PROFILES.tidemark,
      codegen: run.codegen,
      specialize: run.specialize,
      stepLength: run.stepLength ?? (dependsOnSteps(roots) ? STEP : shards * STEP),
      microBatch: run.microBatch ?? null,
    };
    this.run = new Run(roots, {
      ...run,
      stepLength: settings.stepLength,
      remember: false,
      part: { given: new Set(this.#cuts.map(c => c.id)), flows: timed => this.#flows(timed) },
    });
    const groups = plan.groups.map((group, g) => ({ cuts: group.cuts, owners: owners[g] }));
    const task = (shard: number): ShardTask => ({ shard, settings, sources, sourcePorts, logs, groups, mostCopied });
    const links: ShardLink[] = [];
    try {
      for (let shard = here ? 1 : 0; shard < shards; shard++) links.push(host.start(task(shard)));
      // The others begin meanwhile.
      this.#own = here ? new OwnPart(task(0)) : null;
    } catch (error) {
      for (const link of links) link.close();
      throw error;
    }
    this.#links = links;
  }

  /**
   * Works the next step, once the shards elsewhere have handed over theirs. Says whether there was anything to do. Rejects with the
   * error of a shard, or of what is worked here, and ends the shards then.
   */
  async advance(): Promise<boolean> {
    try {
      const parts = await Promise.all(this.#links.map(link => link.next()));
      if (this.#closed) throw new Error("The run was ended.");
      const there = parts.filter(part => part !== null);
      if (there.length > 0 && there.length < parts.length) throw new Error("A shard ended before the others.");
      this.#parts = there.length === 0 ? null : there;
      const worked = this.run.advance();
      if (!worked && there.length > 0) throw new Error("The run ended before its shards.");
      return worked;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Works to the end of all sources. */
  async finish(): Promise<void> {
    while (await this.advance());
  }

  /** Ends the shards. What was worked so far stays. */
  close(): void {
    this.#closed = true;
    for (const link of this.#links) link.close();
  }

  #flows(timed: TimedStep): ReadonlyMap<string, Outputs> {
    const { step, flows } = timed;
    if (this.#parts === null) throw new Error("The run goes on where its shards have ended.");
    for (const { length } of this.#parts)
      if (length !== step.length)
        throw new Error(`A shard has made a step of ${length} positions where the run has one of ${step.length}.`);
    const parts = this.#own === null ? this.#parts : [this.#own.work(timed), ...this.#parts];
    const out = new Map(flows);
    this.#cuts.forEach(({ id, merger }, c) => {
      const outputs = parts.map(part => part.outputs[c]);
      const watermark = this.#watermark(outputs, step.length, flows);
      out.set(id, {
        main: merger.step(
          step,
          outputs.map(o => o.flow),
          watermark,
        ),
      });
    });
    return out;
  }

  /** The least of what the shards promise after each position. */
  #watermark(outputs: readonly CutOutput[], length: number, flows: ReadonlyMap<string, Outputs>): Float64Array {
    const [{ source }] = outputs;
    // Shards see the sources' watermarks as they are.
    if (source >= 0) return (flows.get(this.#sources[source]) as Outputs)["main"].watermark;
    const least = outputs[0].flow.watermark.slice(0, length);
    for (const { flow } of outputs.slice(1)) lower(least, flow.watermark);
    return least;
  }
}

function lower(least: Float64Array, values: Float64Array): void {
  for (let p = 0; p < least.length; p++) if (values[p] < least[p]) least[p] = values[p];
}

/** Positions in a step, unless told otherwise: as many as in a run that is not divided. */
const STEP = 8_192;

/**
 * Whether what comes out depends on where the run is cut into steps: changes of an aggregate without windows are gathered for
 * a step. Everything else may as well be worked in longer ones, of which each shard has its share.
 */
function dependsOnSteps(roots: readonly Node[]): boolean {
  return topological(roots).some(node => node.verb === "aggregate" && node.strategy === null);
}
